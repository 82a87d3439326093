import assert from 'node:assert/strict';
import { generateKeyPairSync, sign } from 'node:crypto';
import { test } from 'node:test';
import type { JsonObject } from '../../model/json.ts';
import { Refusal } from '../../model/refusal.ts';
import type { Subject } from '../../model/subject.ts';
import { createIdentity } from '../identity.ts';
import type { Issuer } from '../issuer.ts';
import { type ProviderKind, providers } from './table.ts';
import { withProvider } from './with-provider.ts';

const now = 1_800_000_000;
const url = 'https://gateway.example/mcp';
const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const kid = 'product-key';
const jwks = [{ ...publicKey.export({ format: 'jwk' }), kid, use: 'sig', alg: 'RS256' } as JsonObject];
const tenant = '72f988bf-86f1-41af-91ab-2d7cd011db47';
const api = '6e74172b-be56-4843-9ff4-e66a39bb12e3';
const times = { iat: now - 5, nbf: now - 5, exp: now + 3600 };

/** A token as a product writes it, by our key: `header` beside `alg` and `kid`. */
function written(header: JsonObject, claims: JsonObject): string {
  const signed = [
    { alg: 'RS256', kid, ...header },
    { ...times, ...claims },
  ]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  return `${signed}.${sign('sha256', Buffer.from(signed), privateKey).toString('base64url')}`;
}

async function seen(issuer: Issuer, token: string): Promise<Subject | Refusal> {
  const fetch = (): never => assert.fail('nothing may be fetched');
  const identity = createIdentity({ issuers: [issuer], clock: { now: () => now * 1000 }, fetch });
  const request = { method: 'POST', url, resource: url, metadataUrl: `${url}/meta`, peer: '192.0.2.1' };
  return identity.identify({ authorization: `Bearer ${token}`, header: () => undefined, ...request });
}

interface Row {
  readonly name: string;
  readonly kind: ProviderKind;
  readonly issuer: string;
  /** What its `aud` holds, for a product that cannot name the resource. */
  readonly audiences?: readonly string[];
  readonly header: JsonObject;
  readonly claims: JsonObject;
  readonly subject: string;
  readonly agent: string;
  readonly scopes?: readonly string[];
  readonly roles?: readonly string[];
  readonly groups?: readonly string[];
  readonly tenant?: string;
  /** What the same product writes for other purposes; `undefined` takes a claim away. */
  readonly noAccessToken: { readonly header?: JsonObject; readonly claims: JsonObject };
}

const rows: readonly Row[] = [
  {
    name: 'Entra ID, v2 token of a user',
    kind: 'entra',
    issuer: `https://login.microsoftonline.com/${tenant}/v2.0`,
    audiences: [api],
    header: { typ: 'JWT' },
    claims: {
      aud: api,
      aio: 'AWQAm/8XAAAA',
      azp: '0c1307d4-29d6-4389-a11c-5cbe7f65d7fa',
      azpacr: '0',
      name: 'Alice Example',
      oid: 'b3e8a1f0-1111-4c2e-9f6a-0123456789ab',
      preferred_username: 'alice@example.com',
      rh: '0.AXkA',
      roles: ['Mcp.Operator'],
      groups: ['6d1f1f5f-2222-4c2e-9f6a-0123456789ab'],
      scp: 'tools.call tools.list',
      sub: 'AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ',
      tid: tenant,
      uti: 'fqiBqXLPj0eQa82S-IYFAA',
      ver: '2.0',
    },
    subject: 'b3e8a1f0-1111-4c2e-9f6a-0123456789ab',
    agent: '0c1307d4-29d6-4389-a11c-5cbe7f65d7fa',
    scopes: ['tools.call', 'tools.list'],
    roles: ['Mcp.Operator'],
    groups: ['6d1f1f5f-2222-4c2e-9f6a-0123456789ab'],
    tenant,
    noAccessToken: { claims: { azp: undefined, scp: undefined, nonce: '123' } },
  },
  {
    name: 'Entra ID, v1 token of a service',
    kind: 'entra',
    issuer: `https://sts.windows.net/${tenant}/`,
    audiences: [`api://${api}`],
    header: { typ: 'JWT', x5t: kid },
    claims: {
      aud: `api://${api}`,
      appid: '0c1307d4-29d6-4389-a11c-5cbe7f65d7fa',
      appidacr: '1',
      idp: `https://sts.windows.net/${tenant}/`,
      idtyp: 'app',
      oid: 'c4e8a1f0-1111-4c2e-9f6a-0123456789ab',
      roles: ['Mcp.Call'],
      sub: 'c4e8a1f0-1111-4c2e-9f6a-0123456789ab',
      tid: tenant,
      ver: '1.0',
    },
    subject: 'c4e8a1f0-1111-4c2e-9f6a-0123456789ab',
    agent: '0c1307d4-29d6-4389-a11c-5cbe7f65d7fa',
    roles: ['Mcp.Call'],
    tenant,
    noAccessToken: { claims: { tid: '00000000-86f1-41af-91ab-2d7cd011db47' } },
  },
  {
    name: 'Okta, custom authorization server',
    kind: 'okta',
    issuer: 'https://dev-123456.okta.com/oauth2/default',
    audiences: ['api://default'],
    header: {},
    claims: {
      ver: 1,
      jti: 'AT.0mP4JKAZX1iACIT4vbEDF7LpvDVjxypPMf0D7uX39RE',
      aud: 'api://default',
      cid: '0oa62bfdjnK55Z5x80h7',
      uid: '00u62bfdiumsUBn5i0h7',
      scp: ['tools:call', 'openid'],
      auth_time: now - 60,
      sub: 'alice@example.com',
      groups: ['Everyone', 'platform'],
    },
    subject: '00u62bfdiumsUBn5i0h7',
    agent: '0oa62bfdjnK55Z5x80h7',
    scopes: ['tools:call', 'openid'],
    groups: ['Everyone', 'platform'],
    noAccessToken: {
      claims: { cid: undefined, uid: undefined, scp: undefined, aud: 'api://default', nonce: 'n' },
    },
  },
  {
    name: 'Okta, a client of its own',
    kind: 'okta',
    issuer: 'https://login.example.com/oauth2/aus1a2b3c4',
    audiences: [url],
    header: {},
    claims: { ver: 1, jti: 'AT.x', aud: url, cid: '0oa1', scp: ['tools:call'], sub: '0oa1' },
    subject: '0oa1',
    agent: '0oa1',
    scopes: ['tools:call'],
    noAccessToken: { header: { typ: 'application/okta-internal-at+jwt' }, claims: {} },
  },
  {
    name: 'Keycloak',
    kind: 'keycloak',
    issuer: 'https://sso.example.com/realms/company',
    audiences: ['mcp-gateway'],
    header: { typ: 'JWT' },
    claims: {
      jti: 'onrtro:8d2f6f4e-6f0a-4f49-8f35-0a4c1d0c9f7e',
      aud: ['mcp-gateway', 'account'],
      sub: 'f2a0c9a4-5a4b-4a7d-8a0b-0123456789ab',
      typ: 'Bearer',
      azp: 'vscode',
      sid: '0d2c1b1e-3333-4444-8555-0123456789ab',
      acr: '1',
      'allowed-origins': ['https://ide.example.com'],
      realm_access: { roles: ['offline_access', 'developer'] },
      resource_access: { account: { roles: ['view-profile'] } },
      scope: 'openid profile tools',
      groups: ['/engineering/platform'],
      preferred_username: 'alice',
    },
    subject: 'f2a0c9a4-5a4b-4a7d-8a0b-0123456789ab',
    agent: 'vscode',
    scopes: ['openid', 'profile', 'tools'],
    roles: ['offline_access', 'developer'],
    groups: ['/engineering/platform'],
    noAccessToken: { claims: { typ: 'ID', aud: 'mcp-gateway' } },
  },
  {
    name: 'authentik',
    kind: 'authentik',
    issuer: 'https://auth.example.com/application/o/mcp/',
    audiences: ['Yl1kWm3q'],
    header: { typ: 'JWT' },
    claims: {
      sub: '7d3c7a2f9e0b4b5c8d6e1f2a3b4c5d6e7f8091a2b3c4d5e6f708192a3b4c5d6e',
      aud: 'Yl1kWm3q',
      acr: 'goauthentik.io/providers/oauth2/default',
      auth_time: now - 60,
      amr: ['pwd', 'mfa'],
      groups: ['developers'],
      azp: 'Yl1kWm3q',
      uid: 'wV1ZxGqj',
      scope: 'openid profile',
    },
    subject: '7d3c7a2f9e0b4b5c8d6e1f2a3b4c5d6e7f8091a2b3c4d5e6f708192a3b4c5d6e',
    agent: 'Yl1kWm3q',
    scopes: ['openid', 'profile'],
    groups: ['developers'],
    noAccessToken: { claims: { azp: undefined, uid: undefined, scope: undefined, at_hash: 'x' } },
  },
  {
    name: 'Google, id token of a service account for this resource',
    kind: 'google',
    issuer: 'https://accounts.google.com',
    header: { typ: 'JWT' },
    claims: {
      aud: url,
      azp: '113774264463038321964',
      email: 'agent@project.iam.gserviceaccount.com',
      email_verified: true,
      hd: 'example.com',
      sub: '113774264463038321964',
    },
    subject: '113774264463038321964',
    agent: '113774264463038321964',
    tenant: 'example.com',
    noAccessToken: { claims: { aud: '32555940559.apps.googleusercontent.com' } },
  },
];

function issuerOf({ kind, issuer, audiences }: Pick<Row, 'kind' | 'issuer' | 'audiences'>): Issuer {
  return withProvider(kind, { issuer, jwks, ...(audiences && { audiences }) });
}

for (const row of rows) {
  test(`${row.name}: reads an access token as the product writes it`, async () => {
    const subject = await seen(issuerOf(row), written(row.header, { iss: row.issuer, ...row.claims }));
    assert.ok(!(subject instanceof Refusal), subject instanceof Refusal ? subject.detail : '');
    assert.equal(subject.user.subject, row.subject);
    assert.equal(subject.agent.id, row.agent);
    assert.deepEqual(subject.scopes, row.scopes ?? []);
    assert.deepEqual(subject.user.roles, row.roles ?? []);
    assert.deepEqual(subject.user.groups, row.groups ?? []);
    assert.equal(subject.user.tenant, row.tenant);
  });

  test(`${row.name}: refuses what the product writes for other purposes`, async () => {
    const { header = row.header, claims } = row.noAccessToken;
    const outcome = await seen(issuerOf(row), written(header, { iss: row.issuer, ...row.claims, ...claims }));
    assert.ok(outcome instanceof Refusal && outcome.code === 'token_invalid');
  });

  test(`${row.name}: without its ways the token would not be taken`, async () => {
    const { issuer, audiences } = row;
    const plain: Issuer = { issuer, jwks, ...(audiences && { audiences }) };
    assert.equal(withProvider('generic', plain), plain);
    const token = written(row.header, { iss: issuer, ...row.claims });
    assert.ok((await seen(plain, token)) instanceof Refusal);
  });
}

test('a token of another audience is refused whatever the product', async () => {
  for (const row of rows) {
    const token = written(row.header, { iss: row.issuer, ...row.claims, aud: 'someone-else' });
    const outcome = await seen(issuerOf(row), token);
    assert.ok(outcome instanceof Refusal && /^the token is for/.test(outcome.detail), row.name);
  }
});

test('an opaque token of Google is refused, and nobody is asked', async () => {
  const google = withProvider('google', { issuer: 'https://accounts.google.com', jwks });
  const outcome = await seen(google, 'ya29.a0AfH6SMBx-opaque_token');
  assert.ok(outcome instanceof Refusal && outcome.code === 'token_invalid');
});

test('groups that Entra left out because there are too many refuse the token', async () => {
  const [row] = rows;
  assert.ok(row !== undefined);
  const overage = {
    groups: undefined,
    _claim_names: { groups: 'src1' },
    _claim_sources: { src1: { endpoint: 'https://x' } },
  };
  const outcome = await seen(
    issuerOf(row),
    written(row.header, { iss: row.issuer, ...row.claims, ...overage }),
  );
  assert.ok(outcome instanceof Refusal);
  assert.match(outcome.detail, /left `groups` out of the token/);
});

for (const [kind, issuer] of [
  ['entra', 'https://login.microsoftonline.com/common/v2.0'],
  ['entra', 'https://login.microsoftonline.com/organizations/v2.0'],
  ['entra', 'https://login.microsoftonline.com/{tenantid}/v2.0'],
  ['entra', 'https://login.microsoftonline.com/contoso.onmicrosoft.com/v2.0'],
  ['entra', `https://login.microsoftonline.com/${tenant}`],
  ['entra', `https://sts.windows.net/${tenant}`],
  ['entra', `https://login.microsoftonline.com.evil.example/${tenant}/v2.0`],
  ['okta', 'https://dev-123456.okta.com'],
  ['keycloak', 'https://sso.example.com/realms/company/'],
  ['keycloak', 'https://sso.example.com/'],
  ['authentik', 'https://auth.example.com/application/o/mcp'],
  ['authentik', 'https://auth.example.com/'],
  ['google', 'accounts.google.com'],
] as const) {
  test(`${kind}: \`${issuer}\` is no issuer of it, and the error says what is`, () => {
    assert.throws(
      () => withProvider(kind, { issuer }),
      (fault: Error) => {
        assert.ok(fault.message.startsWith(`\`${issuer}\` is no issuer of ${kind}: `), fault.message);
        return fault.message.includes(providers[kind].shapeRemedy);
      },
    );
  });
}

test('what the operator says goes before what the product is known for', () => {
  const issuer = 'https://sso.example.com/realms/company';
  const merged = withProvider('keycloak', {
    issuer,
    allowPlainJwt: false,
    algorithms: ['ES256'],
    requiredClaims: { typ: ['Bearer'] },
    claims: { roles: '/resource_access/mcp/roles' },
  });
  assert.deepEqual(merged, {
    issuer,
    discovery: 'oidc',
    allowPlainJwt: false,
    algorithms: ['ES256'],
    requiredClaims: { typ: ['Bearer'] },
    claims: { roles: '/resource_access/mcp/roles', groups: 'groups', agent: ['azp', 'client_id'] },
  });
});

test('a product that cannot be asked about tokens is not asked', () => {
  const introspection = { clientId: 'a', clientSecret: 'b', cacheSeconds: 60 };
  const entra = { issuer: `https://login.microsoftonline.com/${tenant}/v2.0`, introspection };
  assert.throws(
    () => withProvider('entra', entra),
    /entra answers no questions about tokens; remove `introspection`/,
  );
  assert.doesNotThrow(() =>
    withProvider('keycloak', { issuer: 'https://h.example/realms/r', introspection }),
  );
});

test('its metadata is asked for where OpenID Connect Discovery puts it, and nowhere else', async () => {
  for (const { kind, issuer, audiences, header, claims } of rows) {
    const asked: string[] = [];
    const fetch = (async (from: string) => {
      asked.push(from);
      const body = from.endsWith('/openid-configuration')
        ? { issuer, jwks_uri: 'https://keys.example/' }
        : { keys: jwks };
      return new Response(JSON.stringify(body));
    }) as typeof globalThis.fetch;
    const entry = withProvider(kind, { issuer, ...(audiences && { audiences }) });
    const identity = createIdentity({ issuers: [entry], clock: { now: () => now * 1000 }, fetch });
    const authorization = `Bearer ${written(header, { iss: issuer, ...claims })}`;
    const request = { method: 'POST', url, resource: url, metadataUrl: url, peer: '192.0.2.1' };
    const outcome = await identity.identify({ authorization, header: () => undefined, ...request });
    assert.ok(!(outcome instanceof Refusal));
    const path = issuer.replace(/\/$/, '');
    assert.deepEqual(asked, [`${path}/.well-known/openid-configuration`, 'https://keys.example/']);
  }
});
