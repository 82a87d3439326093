import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listen } from './listening-server.ts';

test('all four well-known places say the same, to anybody, and nothing of the implicit flow', async (t) => {
  const handler = {
    type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
    parameters: ['assertion'],
    grant: () => Promise.resolve({}),
  };
  const { origin, issuer, server } = await listen(t, { grants: () => [handler] });
  for (const path of [
    '/.well-known/oauth-authorization-server/as',
    '/.well-known/openid-configuration/as',
    '/as/.well-known/openid-configuration',
    '/as/.well-known/oauth-authorization-server',
  ]) {
    const response = await fetch(`${origin}${path}`);
    assert.equal(response.headers.get('access-control-allow-origin'), '*');
    assert.deepEqual(await response.json(), server.metadata());
  }
  const metadata = server.metadata();
  assert.equal(metadata['issuer'], issuer);
  assert.deepEqual(metadata['response_types_supported'], ['code']);
  assert.deepEqual(metadata['code_challenge_methods_supported'], ['S256']);
  assert.equal(metadata['client_id_metadata_document_supported'], true);
  assert.equal(metadata['authorization_response_iss_parameter_supported'], true);
  assert.deepEqual(metadata['authorization_grant_profiles_supported'], [
    'urn:ietf:params:oauth:grant-profile:id-jag',
  ]);
  assert.deepEqual(metadata['authorization_details_types_supported'], ['mcp_task']);
  assert.doesNotMatch(JSON.stringify(metadata), /implicit/);
  for (const name of ['tls_client_auth', 'private_key_jwt', 'spiffe_jwt', 'spiffe_x509', 'none'])
    assert.ok((metadata['token_endpoint_auth_methods_supported'] as string[]).includes(name), name);
  assert.equal((await fetch(`${issuer}/jwks`, { method: 'POST' })).status, 405);
});

test('the endpoints are those of the public origin, whatever Host header or proxy header comes', async (t) => {
  const { origin } = await listen(t);
  const response = await fetch(`${origin}/as/authorize?client_id=app&response_type=code`, {
    redirect: 'manual',
    headers: { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https' },
  });
  assert.doesNotMatch(`${response.headers.get('location')}${await response.text()}`, /evil/);
});

test('a form that is too large is refused', async (t) => {
  const { issuer } = await listen(t);
  const response = await fetch(`${issuer}/token`, {
    method: 'POST',
    body: new URLSearchParams({ grant_type: 'x', filler: 'x'.repeat(60_000) }),
  });
  assert.equal(response.status, 413);
});
