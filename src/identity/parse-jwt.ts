import { isJsonObject, type JsonObject } from '../model/json.ts';
import { TokenFailure } from './failure.ts';
import { hasDuplicateMembers } from './json-members.ts';

/** A JWT taken apart. Nothing in it is verified. */
export interface UnverifiedJwt {
  readonly header: JsonObject;
  readonly claims: JsonObject;
  /** What the signature is about. */
  readonly signed: Uint8Array;
  readonly signature: Uint8Array;
}

/** More characters than any token that fits into a header block of 16 KiB. */
const longest = 16_000;
const part = /^[A-Za-z0-9_-]+$/;

/** Takes a JWS in compact form apart (RFC 7515 section 7.1). Strict: one reading or none. */
export function parseUnverified(token: string): UnverifiedJwt | TokenFailure {
  if (token.length > longest) return new TokenFailure(`the token has more than ${longest} characters`);
  const parts = token.split('.');
  const [head, body, signature] = parts;
  if (parts.length !== 3 || head === undefined || body === undefined || signature === undefined) {
    return new TokenFailure('the token is not a signed JWT of three parts');
  }
  if (!parts.every((text) => part.test(text)))
    return new TokenFailure('a part of the token is not base64url');
  const header = parsePart(head);
  const claims = parsePart(body);
  if (header === undefined || claims === undefined) {
    return new TokenFailure('a part of the token is not one JSON object without duplicate members');
  }
  return {
    header,
    claims,
    signed: Buffer.from(`${head}.${body}`, 'latin1'),
    signature: Buffer.from(signature, 'base64url'),
  };
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function parsePart(encoded: string): JsonObject | undefined {
  try {
    const text = utf8.decode(Buffer.from(encoded, 'base64url'));
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) && !hasDuplicateMembers(text) ? value : undefined;
  } catch {
    // Bytes that are no UTF-8 and text that is no JSON are the same refusal.
    return undefined;
  }
}
