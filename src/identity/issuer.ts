import type { JsonObject } from '../model/json.ts';
import type { Algorithm } from './algorithms.ts';

/** An authorization server whose access tokens count, and what its claims mean here. */
export interface Issuer {
  /** The `iss` of its tokens, compared exactly. */
  readonly issuer: string;
  /** Where its keys are. Without `jwksUri` and `jwks` the place is discovered (RFC 8414, OpenID Connect Discovery). */
  readonly jwksUri?: string;
  /** Public keys as JWKs, fixed or as they are at the moment; nothing is fetched. */
  readonly jwks?: readonly JsonObject[] | (() => readonly JsonObject[]);
  /** `oidc`: its metadata stands where OpenID Connect Discovery says alone. Default: RFC 8414 is tried first. */
  readonly discovery?: 'oidc';
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
  /** Claims that must have one of these values, such as a type that tells access tokens from others of its tokens. */
  readonly requiredClaims?: Readonly<Record<string, readonly string[]>>;
  /**
   * The gateway's own authorization server: its tokens may name a task (`txn`), and say the millisecond of their issue
   * (`iat_ms`). A token of any other issuer never has a task. Default false.
   */
  readonly tasks?: boolean;
  /** Whether its tokens must be bound to a key. Default: as for the gateway. */
  readonly senderConstrained?: 'optional' | 'required';
  /** Asks the issuer about tokens. At most one issuer may have it. */
  readonly introspection?: Introspection;
  readonly claims?: ClaimMapping;
}

/** How an issuer is asked about a token (RFC 7662). */
export interface Introspection {
  /** Default: what the metadata of the issuer names. */
  readonly endpoint?: string;
  /** By these the gateway authenticates itself (RFC 6749 section 2.3.1, HTTP Basic). */
  readonly clientId: string;
  readonly clientSecret: string;
  /** How long an answer is remembered, in seconds; never longer than the token lives. */
  readonly cacheSeconds: number;
  /**
   * `opaque` (default): what is no JWT. `all`: its JWTs as well, whose keys say nothing of a logout or a disabled account;
   * without an answer they are refused.
   */
  readonly tokens?: 'opaque' | 'all';
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
  /** The first of these that is there names the user. Default `sub`. */
  readonly subject?: readonly string[];
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
