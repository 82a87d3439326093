import type { JsonObject } from '../../model/json.ts';
import type { GrantHandler } from './grant.ts';

/** What {@link serverMetadata} is made of. */
export interface MetadataOptions {
  readonly issuer: string;
  readonly grants: readonly GrantHandler[];
  readonly scopes: readonly string[];
  readonly dynamicRegistration: boolean;
  readonly clientMetadata: boolean;
}

/** The endpoints, below the path of the issuer. */
export const endpoints = {
  authorization: '/authorize',
  introspection: '/introspect',
  jwks: '/jwks',
  pushed_authorization_request: '/par',
  registration: '/register',
  revocation: '/revoke',
  token: '/token',
} as const;

/** Signatures that clients may send: assertions and DPoP proofs. */
export const clientAlgorithms = ['ES256', 'Ed25519', 'EdDSA', 'PS256', 'RS256'] as const;

/** RFC 9449 section 5: asymmetric ones alone. */
export const proofAlgorithms = ['ES256', 'Ed25519', 'EdDSA'] as const;

const jwtBearer = 'urn:ietf:params:oauth:grant-type:jwt-bearer';

/** The metadata of the authorization server (RFC 8414 section 2), with what the extensions add to it. */
export function serverMetadata(options: MetadataOptions): JsonObject {
  const { issuer, grants } = options;
  const types = grants.map(({ type }) => type);
  const idJag = types.includes(jwtBearer)
    ? { authorization_grant_profiles_supported: ['urn:ietf:params:oauth:grant-profile:id-jag'] }
    : {};
  return {
    issuer,
    ...endpointUrls(issuer, options.dynamicRegistration),
    response_types_supported: ['code'],
    response_modes_supported: ['query'],
    grant_types_supported: ['authorization_code', 'refresh_token', 'client_credentials', ...types],
    ...idJag,
    code_challenge_methods_supported: ['S256'],
    authorization_response_iss_parameter_supported: true,
    client_id_metadata_document_supported: options.clientMetadata,
    require_pushed_authorization_requests: false,
    scopes_supported: ['openid', 'offline_access', ...options.scopes],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['ES256'],
    claims_supported: ['sub', 'iss', 'aud', 'exp', 'iat', 'auth_time', 'acr', 'amr', 'nonce'],
    ...clientAuthentication(),
    dpop_signing_alg_values_supported: [...proofAlgorithms],
    tls_client_certificate_bound_access_tokens: true,
    authorization_details_types_supported: ['mcp_task'],
    request_parameter_supported: false,
    request_uri_parameter_supported: false,
  };
}

function endpointUrls(issuer: string, registration: boolean): JsonObject {
  return {
    authorization_endpoint: `${issuer}${endpoints.authorization}`,
    token_endpoint: `${issuer}${endpoints.token}`,
    pushed_authorization_request_endpoint: `${issuer}${endpoints.pushed_authorization_request}`,
    introspection_endpoint: `${issuer}${endpoints.introspection}`,
    revocation_endpoint: `${issuer}${endpoints.revocation}`,
    jwks_uri: `${issuer}${endpoints.jwks}`,
    ...(registration ? { registration_endpoint: `${issuer}${endpoints.registration}` } : {}),
  };
}

/** `spiffe_jwt` and `spiffe_x509` are the names of draft-ietf-oauth-spiffe-client-auth. */
function clientAuthentication(): JsonObject {
  const methods = [
    'none',
    'private_key_jwt',
    'client_secret_basic',
    'client_secret_post',
    'tls_client_auth',
    'spiffe_jwt',
    'spiffe_x509',
  ];
  const algorithms = [...clientAlgorithms];
  return {
    token_endpoint_auth_methods_supported: methods,
    token_endpoint_auth_signing_alg_values_supported: algorithms,
    introspection_endpoint_auth_methods_supported: methods.filter((method) => method !== 'none'),
    introspection_endpoint_auth_signing_alg_values_supported: algorithms,
    revocation_endpoint_auth_methods_supported: methods,
    revocation_endpoint_auth_signing_alg_values_supported: algorithms,
  };
}
