import { type Key, signed } from './jws.ts';

/** How the agent shows at the token endpoint who it is. Over mTLS with an X.509-SVID, `none` and a `fetch` that presents it. */
export type ClientAuthentication =
  | { readonly method: 'none' }
  | { readonly method: 'private_key_jwt'; readonly key: Key; readonly keyId?: string }
  | { readonly method: 'jwt_svid'; readonly svid: (audience: string) => Promise<string> | string };

const assertionType = 'urn:ietf:params:oauth:client-assertion-type';
const assertionSeconds = 60;

/**
 * The parameters that authenticate a client (RFC 7523 section 2.2, draft-ietf-oauth-spiffe-client-auth section 3). The
 * key of `private_key_jwt` is an ES256 key.
 */
export async function authenticationParameters(
  clientId: string,
  authentication: ClientAuthentication,
  issuer: string,
): Promise<Readonly<Record<string, string>>> {
  switch (authentication.method) {
    case 'none':
      return { client_id: clientId };
    case 'jwt_svid':
      return {
        client_id: clientId,
        client_assertion_type: `${assertionType}:jwt-spiffe`,
        client_assertion: await authentication.svid(issuer),
      };
    case 'private_key_jwt':
      return {
        client_id: clientId,
        client_assertion_type: `${assertionType}:jwt-bearer`,
        client_assertion: await assertion(clientId, authentication, issuer),
      };
  }
}

function assertion(
  clientId: string,
  { key, keyId }: Extract<ClientAuthentication, { method: 'private_key_jwt' }>,
  issuer: string,
): Promise<string> {
  const iat = Math.floor(Date.now() / 1000);
  const claims = { iss: clientId, sub: clientId, aud: issuer, iat, exp: iat + assertionSeconds };
  return signed(
    { typ: 'JWT', ...(keyId !== undefined && { kid: keyId }) },
    { ...claims, jti: crypto.randomUUID() },
    key,
  );
}
