import { createPrivateKey, createPublicKey, hash, type KeyObject, sign } from 'node:crypto';
import type { JsonObject } from '../model/json.ts';
import type { Clock } from '../pipeline/ports.ts';
import type { Issuer } from './issuer.ts';

/** The owner of a gateway who needs no identity provider: the gateway signs the tokens itself. */
export interface Owner {
  /** The entry that makes the owner's tokens count. */
  readonly issuer: Issuer;
  readonly issue: (grant: OwnerGrant) => string;
}

/** Who the owner is. */
export interface OwnerOptions {
  /** The 32 secret bytes of an Ed25519 key (RFC 8032 section 5.1.5). Whoever has them is the owner. */
  readonly key: Uint8Array;
  /** The `iss` of the tokens. */
  readonly issuer: string;
  /** The `sub` of the tokens. */
  readonly subject: string;
  readonly clock: Pick<Clock, 'now' | 'uuid'>;
}

/** What one token allows. */
interface OwnerGrant {
  /** Resources it is good for; each covers what lies below it on its path, so `https://host/mcp` is every server. */
  readonly resources: readonly string[];
  readonly ttlSeconds: number;
  /** The agent it is for. Default `local`. */
  readonly agent?: string;
  /** Default `owner`. */
  readonly roles?: readonly string[];
}

const seedBytes = 32;
/** The PKCS #8 wrapping of an Ed25519 seed (RFC 8410 section 7). */
const pkcs8Head = Buffer.from('302e020100300506032b657004220420', 'hex');

/** Makes the owner of a key. Throws on a key that is not 32 bytes long. */
export function createOwner(options: OwnerOptions): Owner {
  const key = privateKey(options.key);
  const jwk = createPublicKey(key).export({ format: 'jwk' });
  const kid = thumbprint(String(jwk.x));
  return {
    issuer: {
      issuer: options.issuer,
      jwks: [{ kty: 'OKP', crv: 'Ed25519', x: String(jwk.x), kid, alg: 'EdDSA', use: 'sig' }],
      algorithms: ['EdDSA'],
      audienceMatch: 'below',
      requiredScopes: [],
      // It stays on the machine where it was made, and clients there have no keys.
      senderConstrained: 'optional',
      // The token is made on the machine it speaks of, so its posture lasts as long as the token.
      claims: { device: { managed: '/device/managed', maxAgeSeconds: Number.POSITIVE_INFINITY } },
    },
    issue: (grant) => signed({ typ: 'at+jwt', alg: 'EdDSA', kid }, claimsOf(options, grant), key),
  };
}

function privateKey(seed: Uint8Array): KeyObject {
  if (seed.byteLength !== seedBytes) {
    throw new Error(`the key of the owner has ${seed.byteLength} bytes; it needs ${seedBytes} random ones`);
  }
  return createPrivateKey({ key: Buffer.concat([pkcs8Head, seed]), format: 'der', type: 'pkcs8' });
}

/** RFC 7638 with the members of RFC 8037 section 2. */
function thumbprint(x: string): string {
  return hash('sha256', JSON.stringify({ crv: 'Ed25519', kty: 'OKP', x }), 'base64url');
}

function claimsOf({ issuer, subject, clock }: OwnerOptions, grant: OwnerGrant): JsonObject {
  const iat = Math.floor(clock.now() / 1000);
  return {
    iss: issuer,
    sub: subject,
    aud: grant.resources,
    iat,
    exp: iat + grant.ttlSeconds,
    jti: clock.uuid(),
    client_id: grant.agent ?? 'local',
    roles: grant.roles ?? ['owner'],
    device: { managed: true },
  };
}

function signed(header: JsonObject, claims: JsonObject, key: KeyObject): string {
  const body = [header, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  return `${body}.${sign(null, Buffer.from(body), key).toString('base64url')}`;
}
