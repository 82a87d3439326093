import type { JsonObject } from '../../model/json.ts';

/** A grant of the token endpoint beyond those that the server has built in. */
export interface GrantHandler {
  /** Its `grant_type`, such as `urn:ietf:params:oauth:grant-type:token-exchange`. */
  readonly type: string;
  /** The parameters it reads; others are ignored (RFC 6749 section 3.2). */
  readonly parameters: readonly string[];
  /** Answers the token response (RFC 6749 section 5.1). Throws {@link GrantError} to refuse. */
  readonly grant: (request: GrantRequest) => Promise<JsonObject>;
  /** It tells the operator of its refusals itself. */
  readonly reports?: true;
}

/** One request at the token endpoint, after its client was authenticated and its proof verified. */
export interface GrantRequest {
  /** The authenticated client; undefined where the grant itself is the authentication (RFC 7521 section 4.1). */
  readonly client: GrantClient | undefined;
  readonly parameters: Readonly<Record<string, string>>;
  /** `resource`, which may be repeated (RFC 8707 section 2). */
  readonly resources: readonly string[];
  /** The key that the sender proved: what the token shall be bound to. Undefined: no proof was sent. */
  readonly binding: KeyBinding | undefined;
  readonly peer: string;
}

/** The key that a token is bound to (`cnf`): RFC 9449 section 6.1, RFC 8705 section 3.1. */
export type KeyBinding = { readonly jkt: string } | { readonly 'x5t#S256': string };

/** A client that has shown who it is. */
export interface GrantClient {
  /** The client id; for a workload its SPIFFE ID. */
  readonly id: string;
  readonly authentication:
    | 'x509-svid'
    | 'jwt-svid'
    | 'private_key_jwt'
    | 'client_metadata'
    | 'secret'
    | 'none';
}

/** A refusal of the token endpoint (RFC 6749 section 5.2). */
export class GrantError extends Error {
  /** `invalid_request`, `invalid_grant`, `invalid_target`, `invalid_scope`, `invalid_authorization_details`, … */
  readonly code: string;
  /** For the caller: what is wrong and what to do. Never holds a secret. */
  readonly description: string;

  constructor(code: string, description: string) {
    super(`${code}: ${description}`);
    this.code = code;
    this.description = description;
  }
}
