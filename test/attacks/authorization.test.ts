import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { JsonObject } from '../../src/model/json.ts';
import { testKey } from '../../src/testing/dpop.ts';
import { ScriptedBrowser } from '../login/browser.ts';
import { type Attack, attacks, isRecorded, keepsSecrets, type RecordedMembers, type Told } from './attack.ts';
import {
  authorizationRequest,
  codeOf,
  logIn,
  ownerPassword,
  pageTold,
  redeem,
  refresh,
  setUpOwner,
} from './logins.ts';
import {
  accessTokenType,
  assertion,
  call,
  entry,
  exchangeType,
  formProof,
  now,
  openTask,
  post,
  send,
  token,
} from './moves.ts';
import { appRedirect, appSecret, openStage, type Stage } from './stage.ts';

const stage: Stage = await openStage({ after });
await setUpOwner(stage);

const refused = (endpoint: string, code: string, more: RecordedMembers = {}): RecordedMembers => ({
  event: 'request refused',
  'facts.endpoint': endpoint,
  'facts.code': code,
  'facts.peer': '127.0.0.1',
  ...more,
});

async function tokens(): Promise<{ readonly access: string; readonly refresh: string }> {
  const { status, body, text } = await redeem(stage, await codeOf(stage));
  assert.equal(status, 200, text);
  return { access: String(body['access_token']), refresh: String(body['refresh_token']) };
}

function authorize(change: Readonly<Record<string, string>>): Promise<Told> {
  return new ScriptedBrowser().request(authorizationRequest(stage, change).url).then(pageTold);
}

/** A client id that is the address of a metadata document. */
function clientAt(address: string): Attack {
  return {
    name: `a client metadata document at ${address}`,
    run: () => authorize({ client_id: address }),
    status: 400,
    code: 'page 400',
    record: refused('authorize', 'invalid_client', { 'facts.client': address }),
  };
}

const asCoder = (): Record<string, string> => assertion(stage, 'coder');
const basic = `Basic ${Buffer.from(`backend:${encodeURIComponent(appSecret)}`).toString('base64')}`;

attacks(
  () => stage,
  [
    {
      name: 'an authorization code that is used twice: what came of it ends',
      run: async () => {
        const code = await codeOf(stage);
        const first = await redeem(stage, code);
        const second = await redeem(stage, code);
        const after = await refresh(stage, String(first.body['refresh_token']));
        assert.equal(after.body['error'], 'invalid_grant');
        return second;
      },
      status: 400,
      code: 'invalid_grant',
      record: refused('token', 'invalid_grant', {
        'facts.client': 'app',
        'facts.grant': 'authorization_code',
      }),
    },
    {
      name: 'a stolen code without its verifier',
      run: async () => redeem(stage, { ...(await codeOf(stage)), verifier: 'x'.repeat(43) }),
      status: 400,
      code: 'invalid_grant',
      record: refused('token', 'invalid_grant', { 'facts.client': 'app' }),
    },
    {
      name: 'a stolen code at another client',
      run: async () => {
        const { code, verifier } = await codeOf(stage);
        const form = {
          grant_type: 'authorization_code',
          code,
          redirect_uri: appRedirect,
          code_verifier: verifier,
        };
        return post(`${stage.issuer}/token`, form, { authorization: basic });
      },
      status: 400,
      code: 'invalid_grant',
      record: refused('token', 'invalid_grant', { 'facts.client': 'backend' }),
    },
    {
      name: 'a code for another redirect URI',
      run: async () => redeem(stage, await codeOf(stage), { redirect_uri: 'https://evil.test/callback' }),
      status: 400,
      code: 'invalid_grant',
      record: refused('token', 'invalid_grant'),
    },
    {
      name: 'a code for another resource than the user consented to',
      run: async () => redeem(stage, await codeOf(stage), { resource: `${stage.url}/mcp` }),
      status: 400,
      code: 'invalid_target',
      record: refused('token', 'invalid_target'),
    },
    {
      name: 'a refresh token that is used twice: the whole grant ends',
      run: async () => {
        const { refresh: old } = await tokens();
        const renewed = await refresh(stage, old);
        assert.equal(renewed.status, 200, renewed.text);
        const replayed = await refresh(stage, old);
        const rest = await refresh(stage, String(renewed.body['refresh_token']));
        assert.equal(rest.body['error'], 'invalid_grant', 'the newer refresh token lives on');
        return replayed;
      },
      status: 400,
      code: 'invalid_grant',
      record: refused('token', 'invalid_grant', { 'facts.client': 'app', 'facts.grant': 'refresh_token' }),
    },
    {
      name: 'a refresh token of another client',
      run: async () => {
        const { refresh: of } = await tokens();
        return post(
          `${stage.issuer}/token`,
          { grant_type: 'refresh_token', refresh_token: of },
          { authorization: basic },
        );
      },
      status: 400,
      code: 'invalid_grant',
      record: refused('token', 'invalid_grant', { 'facts.client': 'backend' }),
    },
    {
      name: 'a refresh token for a resource that it is not for',
      run: async () => refresh(stage, (await tokens()).refresh, { resource: `${stage.url}/mcp/mail` }),
      status: 400,
      code: 'invalid_target',
      record: refused('token', 'invalid_target', { 'facts.client': 'app' }),
    },
    {
      name: 'a refresh token after its user was revoked',
      run: async () => {
        const { access, refresh: of } = await tokens();
        assert.equal((await call(stage, `Bearer ${access}`)).status, 200);
        await revokeOwner();
        assert.equal((await call(stage, `Bearer ${access}`)).status, 401);
        return refresh(stage, of);
      },
      status: 400,
      code: 'invalid_grant',
      reaches: 1,
      record: refused('token', 'invalid_grant', { 'facts.client': 'app' }),
    },
    {
      name: 'an access token after its user was revoked, as a subject token',
      run: async () => {
        const { access } = await tokens();
        await revokeOwner();
        return post(
          `${stage.issuer}/token`,
          {
            grant_type: exchangeType,
            ...asCoder(),
            subject_token: access,
            subject_token_type: accessTokenType,
            resource: `${stage.url}/mcp/github`,
            authorization_details: JSON.stringify([entry()]),
          },
          { dpop: formProof(stage, testKey()) },
        );
      },
      status: 400,
      code: 'invalid_grant',
      record: { event: 'task refused', 'facts.description': /revoked/ },
    },
    clientAt('https://169.254.169.254/latest/meta-data/client.json'),
    clientAt('https://127.0.0.1/client.json'),
    clientAt('https://localhost/client.json'),
    clientAt('https://[::1]/client.json'),
    clientAt('https://[::ffff:127.0.0.1]/client.json'),
    clientAt('https://2130706433/client.json'),
    clientAt('https://0x7f.1/client.json'),
    clientAt('http://client.example/client.json'),
    clientAt('https://user:password@127.0.0.1/client.json'),
    {
      name: 'a redirect URI that is not registered',
      run: () => authorize({ redirect_uri: 'https://evil.test/callback' }),
      status: 400,
      code: 'page 400',
      record: refused('authorize', 'invalid_redirect_uri', { 'facts.client': 'app' }),
    },
    {
      name: 'a redirect URI that only begins as the registered one',
      run: () => authorize({ redirect_uri: `${appRedirect}.evil.test` }),
      status: 400,
      code: 'page 400',
      record: refused('authorize', 'invalid_redirect_uri', { 'facts.client': 'app' }),
    },
    {
      name: 'an authorization request of the gateway’s own pages with another redirect URI',
      run: () => authorize({ client_id: 'urn:bartizan:client:pages', redirect_uri: 'https://evil.test/' }),
      status: 400,
      code: 'page 400',
      record: refused('authorize', 'invalid_redirect_uri'),
    },
    {
      name: 'a client that stands for none',
      run: () =>
        post(`${stage.issuer}/token`, {
          grant_type: 'client_credentials',
          client_id: 'urn:bartizan:client:none',
        }),
      status: 401,
      code: 'invalid_client',
      record: refused('token', 'invalid_client'),
    },
    ...['local', 'app'].map(
      (client): Attack => ({
        name: `a token without a user for a client that proves nothing (\`${client}\`)`,
        run: () =>
          post(`${stage.issuer}/token`, {
            grant_type: 'client_credentials',
            client_id: client,
            resource: `${stage.url}/mcp/github`,
          }),
        status: 400,
        code: 'unauthorized_client',
        record: refused('token', 'unauthorized_client', { 'facts.client': client }),
      }),
    ),
    {
      name: 'an agent whose assertion is signed with another key',
      run: () => {
        const forged = testKey().sign(
          { alg: 'ES256', typ: 'JWT' },
          { iss: 'coder', sub: 'coder', aud: stage.issuer, iat: now(), exp: now() + 60, jti: 'x' },
        );
        return post(`${stage.issuer}/token`, {
          grant_type: 'client_credentials',
          ...asCoder(),
          client_assertion: stage.secret(forged),
        });
      },
      status: 401,
      code: 'invalid_client',
      record: refused('token', 'invalid_client', { 'facts.client': 'coder' }),
    },
    {
      name: 'an assertion of an agent that is used twice',
      run: async () => {
        const form = {
          grant_type: exchangeType,
          ...asCoder(),
          subject_token: token(stage),
          subject_token_type: accessTokenType,
          resource: `${stage.url}/mcp/github`,
          authorization_details: JSON.stringify([entry()]),
        };
        assert.equal(
          (await post(`${stage.issuer}/token`, form, { dpop: formProof(stage, testKey()) })).status,
          200,
        );
        return post(`${stage.issuer}/token`, form, { dpop: formProof(stage, testKey()) });
      },
      status: 401,
      code: 'invalid_client',
      record: refused('token', 'invalid_client', { 'facts.client': 'coder' }),
    },
    {
      name: 'an assertion of an agent for another server',
      run: () =>
        post(`${stage.issuer}/token`, {
          grant_type: 'client_credentials',
          ...assertion(stage, 'coder', { aud: 'https://another.example/as' }),
        }),
      status: 401,
      code: 'invalid_client',
      record: refused('token', 'invalid_client', { 'facts.client': 'coder' }),
    },
    {
      name: 'an agent without any assertion',
      run: () => post(`${stage.issuer}/token`, { grant_type: 'client_credentials', client_id: 'coder' }),
      status: 401,
      code: 'invalid_client',
      record: refused('token', 'invalid_client', { 'facts.client': 'coder' }),
    },
    {
      name: 'a wrong secret',
      run: () =>
        post(
          `${stage.issuer}/token`,
          { grant_type: 'client_credentials' },
          { authorization: `Basic ${Buffer.from('backend:wrong').toString('base64')}` },
        ),
      status: 401,
      code: 'invalid_client',
      challenge: /./,
      record: refused('token', 'invalid_client', { 'facts.client': 'backend' }),
    },
    {
      name: 'two ways to authenticate in one request',
      run: () =>
        post(
          `${stage.issuer}/token`,
          { grant_type: 'client_credentials', ...asCoder() },
          { authorization: basic },
        ),
      status: 400,
      code: 'invalid_request',
      record: refused('token', 'invalid_request'),
    },
    {
      name: 'a form larger than any request needs',
      run: () =>
        post(`${stage.issuer}/token`, {
          grant_type: 'client_credentials',
          client_id: 'coder',
          x: 'x'.repeat(60_000),
        }),
      status: 413,
      code: 'invalid_request',
      record: refused('token', 'invalid_request', { 'facts.description': /too large/ }),
    },
    {
      name: 'parameters that come twice',
      run: () =>
        post(`${stage.issuer}/token`, [
          ['grant_type', 'client_credentials'],
          ['grant_type', 'refresh_token'],
          ...Object.entries(asCoder()),
        ]),
      status: 400,
      code: 'invalid_request',
      record: refused('token', 'invalid_request', { 'facts.description': /grant_type/ }),
    },
    {
      name: 'a grant type that is not there',
      run: () =>
        post(`${stage.issuer}/token`, {
          grant_type: 'password',
          username: 'owner',
          password: 'x',
          ...asCoder(),
        }),
      status: 400,
      code: 'unsupported_grant_type',
      record: refused('token', 'unsupported_grant_type'),
    },
    {
      name: 'registration while it is off',
      run: async () => {
        const headers = { 'content-type': 'application/json' };
        const body = JSON.stringify({ redirect_uris: [appRedirect] });
        const told = await send(`${stage.issuer}/register`, { headers, body });
        return { ...told, body: { error: told.text } };
      },
      status: 404,
      code: 'Not Found',
      record: 'nobody',
    },
    {
      name: 'the question about a token of another client',
      run: async () => {
        const { access } = await tokens();
        const told = await post(`${stage.issuer}/introspect`, { token: access, ...asCoder() });
        assert.deepEqual(told.body, { active: false });
        return { ...told, body: { error: 'inactive' } };
      },
      status: 200,
      code: 'inactive',
      record: refused('introspect', 'not_its_own', { 'facts.client': 'coder' }),
    },
    {
      name: 'a revocation of the token of another client',
      run: async () => {
        const { access, refresh: of } = await tokens();
        for (const one of [access, of]) {
          const told = await post(`${stage.issuer}/revoke`, { token: one, ...asCoder() });
          assert.deepEqual([told.status, told.text], [200, '']);
        }
        assert.equal((await refresh(stage, of)).status, 200);
        assert.equal((await call(stage, `Bearer ${access}`)).status, 200);
        return { status: 200, headers: new Headers(), text: '', body: { error: 'kept' } };
      },
      status: 200,
      code: 'kept',
      reaches: 1,
      record: refused('revoke', 'not_its_own', { 'facts.client': 'coder' }),
    },
    {
      name: 'a question about tokens by somebody who does not say who it is',
      run: async () => {
        const told = await post(`${stage.issuer}/introspect`, {
          token: (await openTask(stage)).token,
          client_id: 'app',
        });
        return { ...told, body: { error: JSON.stringify(told.body) } };
      },
      status: 200,
      code: '{"active":false}',
      record: refused('introspect', 'not_its_own', { 'facts.client': 'app' }),
    },
    {
      name: 'a wrong password',
      run: async () => {
        const browser = new ScriptedBrowser();
        const page = await browser.open(authorizationRequest(stage).url);
        const { status, headers, text } = await browser.submit(page, 'password', {
          password: 'a guess of mine',
        });
        return { status, headers, text, body: { error: 'again' } };
      },
      status: 403,
      code: 'again',
      record: { event: 'login refused', 'facts.why': /not right/, 'facts.peer': '127.0.0.1' },
    },
    {
      name: 'a login form of another site',
      run: async () => {
        const browser = new ScriptedBrowser();
        const page = await browser.open(authorizationRequest(stage).url);
        const response = await browser.request(new URL(page.forms[0]?.action ?? '', page.url).href, {
          method: 'POST',
          headers: { origin: 'https://evil.test', 'content-type': 'application/x-www-form-urlencoded' },
          body: new URLSearchParams({ ...page.forms[0]?.members, password: 'x' }),
        });
        return pageTold(response);
      },
      status: 403,
      code: 'page 403',
      record: { event: 'login refused', 'facts.why': /not sent from a page/, 'facts.peer': '127.0.0.1' },
    },
  ],
);

/** An identity assertion of the provider for a user and a client (ID-JAG), at the token end point. */
function identityAssertion(claims: JsonObject, assertion = signedAssertion(claims)): Promise<Told> {
  const form = {
    grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
    assertion,
    resource: `${stage.url}/mcp/github`,
  };
  return post(`${stage.issuer}/token`, form, { authorization: basic });
}

function signedAssertion(claims: JsonObject = {}): string {
  const said = {
    aud: stage.issuer,
    client_id: 'backend',
    resource: `${stage.url}/mcp/github`,
    exp: now() + 60,
  };
  return stage.secret(stage.idp.token({ ...said, ...claims }, { typ: 'oauth-id-jag+jwt' }));
}

/** What is wrong with an assertion. */
function assertions(name: string, run: () => Promise<Told>): Attack {
  const record = refused('token', 'invalid_grant', { 'facts.client': 'backend' });
  return { name, run, status: 400, code: 'invalid_grant', record };
}

attacks(
  () => stage,
  [
    assertions('an identity assertion that is used twice', async () => {
      const assertion = signedAssertion();
      assert.equal((await identityAssertion({}, assertion)).status, 200);
      return identityAssertion({}, assertion);
    }),
    assertions('an identity assertion for another client', () => identityAssertion({ client_id: 'app' })),
    assertions('an identity assertion for another server', () =>
      identityAssertion({ aud: 'https://another.example/as' }),
    ),
    assertions('an identity assertion for two servers', () =>
      identityAssertion({ aud: [stage.issuer, 'https://another.example/as'] }),
    ),
    assertions('an identity assertion that is bound to a key, without a proof of it', () =>
      identityAssertion({ cnf: { jkt: testKey().jkt } }),
    ),
    assertions('an access token of the provider as an identity assertion', () =>
      identityAssertion({}, token(stage)),
    ),
    assertions('an identity assertion after its user was revoked', async () => {
      const assertion = signedAssertion({ sub: 'eve', iat: now() - 5 });
      await revokeUser(`${stage.idp.issuer} eve`);
      return identityAssertion({}, assertion);
    }),
  ],
);

async function revokeUser(id: string): Promise<void> {
  const told = await send(`${stage.url}/revocations`, {
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${stage.secret(await stage.owner())}`,
    },
    body: JSON.stringify({ kind: 'user', id }),
  });
  assert.equal(told.status, 200, told.text);
}

/** Revokes the user that logs in here. */
async function revokeOwner(): Promise<void> {
  await revokeUser('urn:bartizan:owner owner');
  // The owner's own tokens say their second alone.
  await new Promise((resolve) => setTimeout(resolve, 1_100));
}

for (const state of [
  '//evil.test',
  'https://evil.test',
  '/\\evil.test',
  '/connect/..//evil.test',
  '/connect/x\r\nLocation: https://evil.test',
  '/connect/x?next=//evil.test',
  '/as/authorize',
  '',
]) {
  test(`the way back from a login leads nowhere else: ${JSON.stringify(state)}`, async () => {
    const query = new URLSearchParams({ code: 'x', state, iss: stage.issuer });
    const told = await send(`${stage.issuer}/continue?${query}`, { method: 'GET' });
    assert.equal(told.status, 400);
    assert.equal(told.headers.get('location'), null);
  });
}

test('the answer to an application names its issuer (RFC 9207), and its errors do', async () => {
  const { back } = await codeOf(stage);
  assert.equal(back.searchParams.get('iss'), stage.issuer);
  const response = await new ScriptedBrowser().request(
    authorizationRequest(stage, { response_type: 'token' }).url,
  );
  const location = response.headers.get('location') ?? 'missing:';
  assert.ok(location.includes(`iss=${encodeURIComponent(stage.issuer)}`), location);
  await isRecorded(stage, refused('authorize', 'unsupported_response_type', { 'facts.client': 'app' }));
});

test('a browser that logged in before its user was revoked has to log in again', async () => {
  const browser = new ScriptedBrowser();
  assert.match((await logIn(browser, authorizationRequest(stage).url)).text, /asks to act for you/);
  assert.match((await browser.open(authorizationRequest(stage).url)).text, /asks to act for you/);
  await revokeOwner();
  const page = await browser.open(authorizationRequest(stage).url);
  assert.match(page.text, /type="password"/);
  assert.match(
    (await browser.submit(page, 'password', { password: ownerPassword })).text,
    /asks to act for you/,
  );
});

test('a browser that is logged in consents to nothing by itself', async () => {
  const browser = new ScriptedBrowser();
  await logIn(browser, authorizationRequest(stage).url);
  const page = await browser.open(authorizationRequest(stage, { client_id: 'backend' }).url);
  assert.match(page.text, /asks to act for you/);
});

keepsSecrets(() => stage);
