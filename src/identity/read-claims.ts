import { epochKeysOf } from '../model/epoch-keys.ts';
import { type JsonObject, stringsIn } from '../model/json.ts';
import type { EpochKey } from '../pipeline/store-ports.ts';
import { TokenFailure } from './failure.ts';
import type { Issuer } from './issuer.ts';
import { type MappedSubject, mapClaims } from './map-claims.ts';
import { isNumericDate } from './numeric-date.ts';
import { type Confirmation, confirmationOf } from './proof/confirmation.ts';

/** What a token says, wherever it is shown. */
export interface ReadToken extends MappedSubject {
  readonly issuer: Issuer;
  readonly audiences: readonly string[];
  /** What its sender must prove. */
  readonly confirmation: Confirmation;
  /** Whose epochs end it. */
  readonly epochKeys: readonly EpochKey[];
  /** End of the token with its leeway, in milliseconds since the epoch. */
  readonly validUntil: number;
}

/** How far clocks may differ, in seconds. */
const leeway = 30;

/** Reads claims that the issuer stands for, be it by its signature or by its answer. `now` in milliseconds. */
export function readClaims(claims: JsonObject, issuer: Issuer, now: number): ReadToken | TokenFailure {
  const fault = timeFault(claims, now) ?? requiredFault(claims, issuer);
  if (fault !== undefined) return fault;
  const confirmation = confirmationOf(claims);
  if (confirmation instanceof TokenFailure) return confirmation;
  const mapped = mapClaims(claims, issuer, confirmation);
  if (mapped instanceof TokenFailure) return mapped;
  return {
    ...mapped,
    issuer,
    audiences: audiencesOf(claims),
    confirmation,
    epochKeys: epochKeysOf(mapped.subject),
    validUntil: mapped.subject.expiresAt + leeway * 1000,
  };
}

/** Whether claims are of the moment; for a token that was not looked into any further yet. */
export function timeFault(claims: JsonObject, now: number): TokenFailure | undefined {
  const { sub, exp } = claims as { readonly [claim: string]: unknown };
  const seconds = now / 1000;
  if (typeof sub !== 'string' || sub === '') return new TokenFailure('the token has no `sub`');
  if (!isNumericDate(exp)) return new TokenFailure('the token has no numeric `exp`');
  if (seconds >= exp + leeway) {
    return new TokenFailure(`the token expired ${Math.round(seconds - exp)} s ago`, {
      reason: 'the access token has expired',
    });
  }
  return startFault(claims, 'nbf', seconds) ?? startFault(claims, 'iat', seconds);
}

function startFault(claims: JsonObject, name: 'nbf' | 'iat', seconds: number): TokenFailure | undefined {
  const start: unknown = claims[name];
  if (start === undefined) return undefined;
  if (!isNumericDate(start)) return new TokenFailure(`the \`${name}\` of the token is not a number`);
  if (seconds >= start - leeway) return undefined;
  return new TokenFailure(`the token is not valid for ${Math.round(start - seconds)} s (\`${name}\`)`, {
    reason: 'the access token is not valid yet',
    lasting: false,
  });
}

function requiredFault(claims: JsonObject, { requiredClaims = {} }: Issuer): TokenFailure | undefined {
  const lacking = Object.entries(requiredClaims).find(([name, values]) => {
    const value = Object.hasOwn(claims, name) ? claims[name] : undefined;
    return typeof value !== 'string' || !values.includes(value);
  });
  if (lacking === undefined) return undefined;
  const [name, values] = lacking;
  return new TokenFailure(`the \`${name}\` of the token is not ${values.join(' or ')}`);
}

function audiencesOf(claims: JsonObject): readonly string[] {
  const aud = claims['aud'];
  if (typeof aud === 'string') return [aud];
  return stringsIn(aud);
}
