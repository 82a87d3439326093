import { createPublicKey, type JsonWebKey, type KeyObject, X509Certificate } from 'node:crypto';
import { arrayMember, isJsonObject, type JsonObject, stringMember } from '../../model/json.ts';
import { hasDuplicateMembers } from '../json-members.ts';
import { type Certificate, readCertificate } from './certificate.ts';
import type { JwtAuthority } from './contract.ts';

/** A SPIFFE bundle (SPIFFE Trust Domain and Bundle section 4). */
export interface BundleDocument {
  readonly x509: readonly Certificate[];
  readonly jwt: readonly JwtAuthority[];
  readonly sequence: number | undefined;
  /** Seconds. */
  readonly refreshHint: number | undefined;
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Reads the JSON of a JWK set. Throws when it is none, or has two members of one name (section 6.3). */
export function parseJwks(bytes: Uint8Array): JsonObject {
  const text = utf8.decode(bytes);
  const value: unknown = JSON.parse(text);
  if (!isJsonObject(value)) throw new Error('the bundle is no JSON object');
  if (hasDuplicateMembers(text)) throw new Error('the bundle has two members of one name');
  return value;
}

/**
 * Reads a bundle. Keys of an unknown type or use, or that cannot be read, are left out (section 4.1.3): that trusts less.
 * A bundle without any key that is left revokes everything. Throws only when it is no bundle.
 */
export function readBundle(jwks: JsonObject): BundleDocument {
  const keys = keysOf(jwks);
  return {
    x509: keys.filter(({ use }) => use === 'x509-svid').flatMap(certificateOf),
    jwt: keys.filter(({ use }) => use === 'jwt-svid').flatMap(jwtAuthorityOf),
    sequence: wholeNumber(jwks, 'spiffe_sequence'),
    refreshHint: wholeNumber(jwks, 'spiffe_refresh_hint'),
  };
}

/**
 * Reads a JWT bundle of the Workload API: a plain JWK set whose keys all sign JWT-SVIDs (Workload API section 6.2.2). SPIRE
 * leaves `use` out there; a key with another use is left out.
 */
export function readJwtBundle(jwks: JsonObject): readonly JwtAuthority[] {
  return keysOf(jwks)
    .filter(({ use }) => use === undefined || use === 'jwt-svid')
    .flatMap(jwtAuthorityOf);
}

/** What one of our own bundles is made from. */
export interface OwnAuthorities {
  /** DER of the certificates that sign X.509-SVIDs of our trust domain. */
  readonly x509: readonly Uint8Array[];
  /** Public JWKs, each with a `kid`. */
  readonly jwt: readonly JsonObject[];
  /** Grows with every change (section 4.1.1). */
  readonly sequence: number;
  /** Seconds. */
  readonly refreshHint: number;
}

/** Writes a bundle for a bundle endpoint of ours. Private members never get into it. */
export function bundleDocument(own: OwnAuthorities): JsonObject {
  return {
    keys: [...own.x509.map(x509Entry), ...own.jwt.map(jwtEntry)],
    spiffe_sequence: own.sequence,
    spiffe_refresh_hint: own.refreshHint,
  };
}

function keysOf(jwks: JsonObject): readonly JsonObject[] {
  const keys = arrayMember(jwks, 'keys');
  if (keys === undefined) throw new Error('the bundle has no array `keys`');
  return keys.filter(isJsonObject);
}

/** X509-SVID section 6.2: the first value of `x5c` counts, and nothing else. */
function certificateOf(jwk: JsonObject): readonly Certificate[] {
  const [first] = arrayMember(jwk, 'x5c') ?? [];
  if (typeof first !== 'string' || stringMember(jwk, 'kty') === undefined) return [];
  try {
    return [readCertificate(Buffer.from(first, 'base64'))];
  } catch {
    return [];
  }
}

function jwtAuthorityOf(jwk: JsonObject): readonly JwtAuthority[] {
  const key = importPublic(jwk);
  return key === undefined ? [] : [{ kid: stringMember(jwk, 'kid'), alg: stringMember(jwk, 'alg'), key }];
}

function importPublic(jwk: JsonObject): KeyObject | undefined {
  // A symmetric or private key in a published set lets everybody sign.
  if (jwk['kty'] === 'oct' || jwk['d'] !== undefined) return undefined;
  try {
    return createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' });
  } catch {
    return undefined;
  }
}

function wholeNumber(jwks: JsonObject, member: string): number | undefined {
  const value = jwks[member];
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 ? value : undefined;
}

/** X509-SVID section 6.1: no `kid`, exactly one certificate. */
function x509Entry(der: Uint8Array): JsonObject {
  const { publicKey } = new X509Certificate(der);
  const jwk = publicKey.export({ format: 'jwk' }) as JsonObject;
  return { ...jwk, use: 'x509-svid', x5c: [Buffer.from(der).toString('base64')] };
}

/** JWT-SVID section 6.1: with a `kid`. */
function jwtEntry(jwk: JsonObject): JsonObject {
  const kid = stringMember(jwk, 'kid');
  if (kid === undefined) throw new Error('a key of a SPIFFE bundle needs a `kid`');
  if (jwk['kty'] === 'oct') throw new Error('a symmetric key has no place in a SPIFFE bundle');
  const members = publicMembers.map((name) => [name, jwk[name]] as const);
  const present = members.filter(([, value]) => value !== undefined);
  return { ...Object.fromEntries(present), kid, use: 'jwt-svid' };
}

const publicMembers = ['kty', 'crv', 'x', 'y', 'n', 'e', 'alg'] as const;
