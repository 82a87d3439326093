import type { JsonObject } from '../model/json.ts';
import type { Algorithm } from './algorithms.ts';

/** An authorization server whose access tokens count, and what its claims mean here. */
export interface Issuer {
  /** The `iss` of its tokens, compared exactly. */
  readonly issuer: string;
  /** Where its keys are. Without `jwksUri` and `jwks` the place is discovered (RFC 8414, OpenID Connect Discovery). */
  readonly jwksUri?: string;
  /** Fixed public keys as JWKs; nothing is fetched. */
  readonly jwks?: readonly JsonObject[];
  /** Allowed signature algorithms. Default: all that this gateway knows. */
  readonly algorithms?: readonly Algorithm[];
  /**
   * Audiences that count beside the resource itself, for a provider that cannot put the resource into `aud`. Tokens
   * for them are good at every endpoint of this gateway.
   */
  readonly audiences?: readonly string[];
  /** `exact` (default): `aud` names the resource. `below`: it names the resource or one above it on its path. */
  readonly audienceMatch?: 'exact' | 'below';
  /** Takes tokens whose `typ` is `JWT` or absent, for a provider that does not follow RFC 9068. Default false. */
  readonly allowPlainJwt?: boolean;
  /** Scopes that its tokens must carry. Default: those of the gateway. */
  readonly requiredScopes?: readonly string[];
  readonly claims?: ClaimMapping;
}

/**
 * Where the parts of a subject stand among the claims: a member's name, or a JSON Pointer (RFC 6901), which starts
 * with `/`.
 */
export interface ClaimMapping {
  /** Default `roles`. */
  readonly roles?: string;
  /** Default `groups`. */
  readonly groups?: string;
  readonly tenant?: string;
  /** The first of these that is there names the agent. Default `/act/sub`, `client_id`, `azp`. */
  readonly agent?: readonly string[];
  readonly device?: DeviceMapping;
}

/** Where the posture of the device stands. Without it every device counts as unmanaged. */
export interface DeviceMapping {
  /** A claim that is `true` for a managed device. */
  readonly managed: string;
  readonly id?: string;
  /** When the posture was observed, in seconds since the epoch. Default `iat`. */
  readonly observedAt?: string;
  /** An older posture counts as unmanaged. Default 3600 seconds. */
  readonly maxAgeSeconds?: number;
}
