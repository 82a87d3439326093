import { hash } from 'node:crypto';
import { faultMessage } from '../../model/fault-message.ts';
import { type JsonObject, stringMember } from '../../model/json.ts';
import type { Clock } from '../../pipeline/ports.ts';
import { discover } from '../discover.ts';
import { TokenFailure } from '../failure.ts';
import { type Fetch, fetchJson, urlFault } from '../fetch-json.ts';
import type { Introspection, Issuer } from '../issuer.ts';
import { readClaims } from '../read-claims.ts';
import type { VerifiedToken } from '../verify-token.ts';

/** Asks an issuer about tokens that only it can read. */
export interface Introspector {
  /** What the issuer says of a token. Many questions about one token at once are one. Never rejects. */
  readonly introspect: (token: string) => Promise<VerifiedToken | TokenFailure>;
}

/** What is asked, and with what. */
export interface IntrospectorOptions {
  readonly issuer: Issuer;
  readonly introspection: Introspection;
  readonly clock: Pick<Clock, 'now'>;
  readonly fetch: Fetch;
}

/** Strangers can send any number of unknown tokens; the issuer must not suffer for it. */
const mostQuestions = 64;

/**
 * Introspects tokens of one issuer (RFC 7662). An answer counts for `cacheSeconds`, and never longer than the token
 * lives. Throws on an endpoint that cannot be used.
 */
export function createIntrospector(options: IntrospectorOptions): Introspector {
  checkOptions(options);
  const flights = new Map<string, Promise<VerifiedToken | TokenFailure>>();
  let endpoint = options.introspection.endpoint;

  const ask = async (token: string): Promise<VerifiedToken | TokenFailure> => {
    try {
      endpoint ??= await discover(options.fetch, options.issuer, 'introspection_endpoint');
      const answer = await fetchJson(options.fetch, endpoint, questionOf(token, options.introspection));
      return conclude(answer, options);
    } catch (cause) {
      return outOfReach(
        `\`${options.issuer.issuer}\` cannot be asked about the token: ${faultMessage(cause)}`,
      );
    }
  };

  return {
    introspect: (token) => {
      const key = hash('sha256', token, 'base64');
      const known = flights.get(key);
      if (known !== undefined) return known;
      if (flights.size >= mostQuestions) {
        return Promise.resolve(outOfReach(`${mostQuestions} questions to the issuer are open already`));
      }
      const flight = ask(token).finally(() => flights.delete(key));
      flights.set(key, flight);
      return flight;
    },
  };
}

function checkOptions({ issuer, introspection: { endpoint, cacheSeconds } }: IntrospectorOptions): void {
  const fault = endpoint === undefined ? undefined : urlFault(endpoint);
  if (fault !== undefined) {
    throw new Error(`issuer \`${issuer.issuer}\`: the introspection endpoint \`${endpoint}\` ${fault}`);
  }
  if (!(cacheSeconds >= 0)) {
    throw new Error(
      `issuer \`${issuer.issuer}\`: \`cacheSeconds\` is ${cacheSeconds}; give 0 or more seconds`,
    );
  }
}

/** RFC 6749 section 2.3.1: both parts are form-encoded before they are joined. */
function questionOf(
  token: string,
  { clientId, clientSecret }: Introspection,
): NonNullable<Parameters<typeof fetchJson>[2]> {
  const pair = [clientId, clientSecret].map(formEncoded).join(':');
  return {
    authorization: `Basic ${Buffer.from(pair).toString('base64')}`,
    form: { token, token_type_hint: 'access_token' },
  };
}

function formEncoded(text: string): string {
  return new URLSearchParams({ '': text }).toString().slice(1);
}

/** RFC 7662 sections 2.2 and 4. */
function conclude(
  answer: JsonObject,
  { issuer, introspection, clock }: IntrospectorOptions,
): VerifiedToken | TokenFailure {
  if (answer['active'] !== true) return new TokenFailure('the issuer says that the token is not active');
  const iss = answer['iss'] ?? issuer.issuer;
  if (iss !== issuer.issuer) return new TokenFailure(`the token is of issuer \`${String(iss)}\``);
  const type = answer['token_type'] === undefined ? 'bearer' : stringMember(answer, 'token_type');
  // An endpoint answers about refresh tokens too; they are for the authorization server alone.
  if (!/^(?:bearer|dpop)$/i.test(type ?? '')) {
    return new TokenFailure(`the token is no access token: its type is \`${String(type)}\``);
  }
  const now = clock.now();
  const until = now + introspection.cacheSeconds * 1000;
  const read = readClaims({ exp: until / 1000, ...answer, iss }, issuer, now);
  if (read instanceof TokenFailure) return read;
  // The issuer said `active` this moment, so there is no leeway to give: at `exp` it is asked again.
  const validUntil = Math.min(until, read.subject.expiresAt);
  return { ...read, validUntil, holds: () => true };
}

function outOfReach(detail: string): TokenFailure {
  return new TokenFailure(detail, {
    reason: 'the token issuer cannot be reached',
    lasting: false,
    unreachable: true,
  });
}
