import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { type IncomingHttpHeaders, type RequestOptions, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { type TestContext, test } from 'node:test';
import { decodeJwt, exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose';
import { TokenFailure } from '../../../src/identity/failure.ts';
import { GrantError, type GrantHandler, type GrantRequest } from '../../../src/identity/server/grant.ts';
import {
  type CertificateAuthority,
  createCertificateAuthority,
  type Issued,
} from '../../../src/identity/spiffe/testing/certificate-authority.ts';
import { refuse } from '../../../src/model/refusal.ts';
import { parseSpiffeId, type SpiffeId } from '../../../src/model/spiffe-id.ts';
import type { VerifyPeer } from '../../../src/pipeline/ports.ts';
import { type Changes, type Listening, listen, socketCertificate } from './listening-server.ts';

const agent = 'spiffe://company.com/agent/code-refactor';
const jwtBearer = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const tokenExchange = 'urn:ietf:params:oauth:grant-type:token-exchange';
const jwtAssertion = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const spiffeAssertion = 'urn:ietf:params:oauth:client-assertion-type:jwt-spiffe';

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Posts a form to the token endpoint, with a client certificate if one is given. */
async function post(
  { origin, issuer }: Listening,
  form: readonly (readonly [string, string])[] | Readonly<Record<string, string>>,
  more: {
    readonly svid?: Issued;
    readonly headers?: Readonly<Record<string, string>>;
    readonly path?: string;
  } = {},
): Promise<Answer> {
  const body = new URLSearchParams(form as Record<string, string>).toString();
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const options: RequestOptions & { rejectUnauthorized: boolean; cert?: string; key?: string } = {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...more.headers },
    rejectUnauthorized: false,
    ...(more.svid === undefined ? {} : material(more.svid)),
  };
  const url = `${issuer.replace(/^.*(?=\/as$)/, origin)}${more.path ?? '/token'}`;
  const outgoing = (url.startsWith('https:') ? requestHttps : requestHttp)(url, options, (incoming) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const text = Buffer.concat(chunks).toString();
      resolve({
        status: incoming.statusCode ?? 0,
        headers: incoming.headers,
        body: text === '' ? {} : (JSON.parse(text) as Answer['body']),
      });
    });
  });
  outgoing.on('error', reject);
  outgoing.end(body);
  return await promise;
}

function material({ certificate, privateKey }: Issued): { cert: string; key: string } {
  return {
    cert: new X509Certificate(certificate).toString(),
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
  };
}

/** Trusts one authority and reads the SPIFFE ID of what it signed. */
function verifyPeerOf({ certificate }: CertificateAuthority): VerifyPeer {
  const root = new X509Certificate(certificate);
  return ([der]) => {
    const leaf = new X509Certificate(der ?? new Uint8Array());
    const id = parseSpiffeId((leaf.subjectAltName ?? '').replace(/^URI:/, ''));
    return leaf.verify(root.publicKey) && id !== undefined
      ? id
      : refuse('token_invalid', 'signed by a stranger');
  };
}

/** A grant that answers what it was asked. */
function echo(type: string, asked: GrantRequest[]): GrantHandler {
  return {
    type,
    parameters: ['assertion', 'authorization_details', 'scope'],
    grant: (request) => {
      asked.push(request);
      if (request.parameters['assertion'] === 'bad')
        throw new GrantError('invalid_grant', 'this assertion does not count');
      if (request.parameters['assertion'] === 'whose')
        throw new GrantError('invalid_client', 'authenticate as the client of the assertion');
      return Promise.resolve({ access_token: 'a-token', token_type: 'DPoP', expires_in: 60 });
    },
  };
}

const byX509 = { id: 'spiffe://company.com/agent/*', authentication: ['x509-svid'] as const };

async function overTls(
  t: TestContext,
  changes: Changes = {},
): Promise<{ readonly listening: Listening; readonly root: CertificateAuthority }> {
  const root = createCertificateAuthority('company.com');
  const own = root.issue({ uris: ['spiffe://company.com/gateway'], dns: ['localhost'] });
  const listening = await listen(t, {
    tls: { ...material(own), requestCert: true, rejectUnauthorized: false },
    peerCertificate: socketCertificate,
    verifyPeer: verifyPeerOf(root),
    agents: [byX509],
    ...changes,
  });
  return { listening, root };
}

test('an agent that nobody registered gets a token by its X.509-SVID, bound to that certificate', async (t) => {
  const { listening, root } = await overTls(t);
  const svid = root.issue({ uris: [agent] });
  const form = {
    grant_type: 'client_credentials',
    client_id: agent,
    scope: 'tools:call',
    resource: `${listening.origin}/mcp/github`,
  };
  const { status, body } = await post(listening, form, { svid });
  assert.equal(status, 200, JSON.stringify(body));
  const claims = decodeJwt(String(body['access_token']));
  assert.equal(claims.sub, agent);
  assert.equal(claims['client_id'], agent);
  assert.equal(claims.aud, `${listening.origin}/mcp/github`);
  const { fingerprint256 } = new X509Certificate(svid.certificate);
  const thumbprint = Buffer.from(fingerprint256.replaceAll(':', ''), 'hex').toString('base64url');
  assert.deepEqual(claims['cnf'], { 'x5t#S256': thumbprint });
});

test('an SVID of a stranger, of another agent, of no agent, or none at all is no client authentication', async (t) => {
  const { listening, root } = await overTls(t);
  const forged = createCertificateAuthority('company.com').issue({ uris: [agent] });
  const other = root.issue({ uris: ['spiffe://company.com/agent/other'] });
  const service = root.issue({ uris: ['spiffe://company.com/service/db'] });
  const form = { grant_type: 'client_credentials', resource: `${listening.origin}/mcp` };
  const ask = async (client_id: string, svid?: Issued): Promise<Answer> =>
    await post(listening, { ...form, client_id }, svid === undefined ? {} : { svid });
  for (const { status, body } of [
    await ask(agent, forged),
    await ask(agent, other),
    await ask('spiffe://company.com/service/db', service),
    await ask('spiffe://company.com/agent/../service', service),
    await ask(agent),
  ]) {
    assert.equal(status, 401);
    assert.equal(body['error'], 'invalid_client');
    assert.equal(body['access_token'], undefined);
  }
  assert.match(listening.reports.join('\n'), /SVID refused.*signed by a stranger/);
});

function jwtSvids(
  good: ReadonlyMap<string, readonly [SpiffeId, string]>,
): NonNullable<Changes['verifyJwtSvid']> {
  return (token, audience) => {
    const [id, named] = good.get(token) ?? [];
    return id !== undefined && named === audience
      ? { id, claims: { sub: id } }
      : new TokenFailure('not signed by the trust domain');
  };
}

test('an agent shows a JWT-SVID for the issuer; a forged one and one of another client are refused', async (t) => {
  const good = new Map<string, readonly [SpiffeId, string]>();
  const listening = await listen(t, {
    agents: [{ id: 'spiffe://company.com/agent/*', authentication: ['jwt-svid'] }],
    verifyJwtSvid: jwtSvids(good),
  });
  good.set('svid', [agent as SpiffeId, listening.issuer]);
  good.set('for-the-endpoint', [agent as SpiffeId, `${listening.issuer}/token`]);
  good.set('for-others', [agent as SpiffeId, 'https://other.example']);
  good.set('no-agent', ['spiffe://company.com/db' as SpiffeId, listening.issuer]);
  const form = { grant_type: 'client_credentials', resource: `${listening.origin}/mcp`, scope: 'tools:call' };
  const ask = async (assertion: string, more: Readonly<Record<string, string>> = {}): Promise<Answer> =>
    await post(listening, {
      ...form,
      client_assertion_type: spiffeAssertion,
      client_assertion: assertion,
      ...more,
    });
  for (const assertion of ['svid', 'for-the-endpoint']) {
    const { status, body } = await ask(assertion);
    assert.equal(status, 200, JSON.stringify(body));
    assert.equal(decodeJwt(String(body['access_token'])).sub, agent);
  }
  assert.equal((await ask('svid', { client_id: agent })).status, 200);
  for (const { status, body } of [
    await ask('forged'),
    await ask('for-others'),
    await ask('no-agent'),
    await ask('svid', { client_id: 'spiffe://company.com/agent/other' }),
    await post(listening, { ...form, client_id: agent }),
  ]) {
    assert.equal(status, 401, JSON.stringify(body));
    assert.equal(body['error'], 'invalid_client');
  }
  const both = await post(
    listening,
    { ...form, client_assertion_type: spiffeAssertion, client_assertion: 'svid' },
    { headers: { authorization: 'Basic YTpi' } },
  );
  assert.equal(both.body['error'], 'invalid_request');
});

interface Keyed {
  readonly jwk: JWK;
  readonly assertion: (claims?: JWTPayload) => Promise<string>;
}

async function keyed(id: string, audience: () => string): Promise<Keyed> {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
  return {
    jwk: await exportJWK(publicKey),
    assertion: async (claims = {}) => {
      const now = Math.floor(Date.now() / 1000);
      const all = { iss: id, sub: id, aud: audience(), jti: crypto.randomUUID(), iat: now, exp: now + 60 };
      return await new SignJWT({ ...all, ...claims }).setProtectedHeader({ alg: 'ES256' }).sign(privateKey);
    },
  };
}

test('an agent signs an assertion with its own key; a used, foreign, expired or misdirected one is refused', async (t) => {
  const holder: { listening?: Listening } = {};
  const id = 'laptop-agent';
  const audience = (): string => holder.listening?.issuer ?? '';
  const own = await keyed(id, audience);
  const stranger = await keyed(id, audience);
  const listening = await listen(t, {
    agents: [{ id, authentication: ['private_key_jwt'], jwks: [own.jwk] }],
  });
  holder.listening = listening;
  const form = { grant_type: 'client_credentials', resource: `${listening.origin}/mcp`, scope: 'tools:call' };
  const ask = async (assertion: string): Promise<Answer> =>
    await post(listening, { ...form, client_assertion_type: jwtAssertion, client_assertion: assertion });
  const used = await own.assertion();
  const first = await ask(used);
  assert.equal(first.status, 200, JSON.stringify(first.body));
  assert.equal(decodeJwt(String(first.body['access_token']))['client_id'], id);
  assert.equal((await ask(await own.assertion({ aud: `${listening.issuer}/token` }))).status, 200);
  const past = Math.floor(Date.now() / 1000) - 120;
  for (const assertion of [
    used,
    await stranger.assertion(),
    await own.assertion({ exp: past }),
    await own.assertion({ aud: 'https://other.example' }),
    await own.assertion({ iss: 'somebody-else' }),
  ]) {
    const { status, body } = await ask(assertion);
    assert.equal(status, 401);
    assert.equal(body['error'], 'invalid_client');
  }
  const bare = await post(listening, { ...form, client_id: id });
  assert.equal(bare.body['error'], 'invalid_client');
});

test('a grant of another part hears of a request only after its client and its proof were verified', async (t) => {
  const asked: GrantRequest[] = [];
  const { listening, root } = await overTls(t, { grants: () => [echo(tokenExchange, asked)] });
  const svid = root.issue({ uris: [agent] });
  const form = {
    grant_type: tokenExchange,
    client_id: agent,
    authorization_details: '[{"type":"mcp_task"}]',
    unknown: 'ignored',
  };
  const done = await post(
    listening,
    [...Object.entries(form), ['resource', 'https://a.example'], ['resource', 'https://b.example']],
    { svid },
  );
  assert.equal(done.status, 200, JSON.stringify(done.body));
  assert.equal(done.body['access_token'], 'a-token');
  const [request] = asked;
  assert.deepEqual(request?.client, { id: agent, authentication: 'x509-svid' });
  assert.deepEqual(request?.resources, ['https://a.example', 'https://b.example']);
  assert.deepEqual(request?.parameters, {
    grant_type: tokenExchange,
    authorization_details: '[{"type":"mcp_task"}]',
  });
  assert.ok(request?.binding !== undefined && 'x5t#S256' in request.binding);
  const refused = [
    await post(listening, form),
    await post(listening, form, { svid, headers: { dpop: 'nonsense' } }),
    await post(listening, [...Object.entries(form), ['assertion', 'a'], ['assertion', 'b']], { svid }),
    await post(listening, { ...form, assertion: 'bad' }, { svid }),
  ];
  assert.deepEqual(
    refused.map(({ body }) => body['error']),
    ['invalid_client', 'invalid_dpop_proof', 'invalid_request', 'invalid_grant'],
  );
  assert.equal(asked.length, 2);
});

async function proof(url: string, claims: JWTPayload = {}): Promise<string> {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
  return await new SignJWT({ htm: 'POST', htu: url, jti: crypto.randomUUID(), ...claims })
    .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk: await exportJWK(publicKey) })
    .setIssuedAt()
    .sign(privateKey);
}

test('an assertion that is the authentication by itself needs no client, and its DPoP key is handed on', async (t) => {
  const asked: GrantRequest[] = [];
  const listening = await listen(t, { grants: () => [echo(jwtBearer, asked), echo(tokenExchange, asked)] });
  const url = `${listening.issuer}/token`;
  const dpop = await proof(url);
  const done = await post(listening, { grant_type: jwtBearer, assertion: 'x' }, { headers: { dpop } });
  assert.equal(done.status, 200, JSON.stringify(done.body));
  assert.equal(asked[0]?.client, undefined);
  assert.ok(asked[0]?.binding !== undefined && 'jkt' in asked[0].binding);
  const refused = [
    await post(listening, { grant_type: jwtBearer, assertion: 'x' }, { headers: { dpop } }),
    await post(
      listening,
      { grant_type: jwtBearer, assertion: 'x' },
      { headers: { dpop: await proof('https://other.example/token') } },
    ),
    await post(listening, { grant_type: tokenExchange }),
    await post(listening, { grant_type: tokenExchange, client_id: 'urn:bartizan:client:none' }),
    await post(listening, { grant_type: jwtBearer, client_id: 'urn:bartizan:client:none' }),
    await post(listening, { grant_type: 'urn:unknown', client_id: 'app' }),
  ];
  assert.deepEqual(
    refused.map(({ body }) => body['error']),
    [
      'invalid_dpop_proof',
      'invalid_dpop_proof',
      'invalid_request',
      'invalid_client',
      'invalid_client',
      'unsupported_grant_type',
    ],
  );
  assert.equal(asked.length, 1);
  const whose = await post(listening, { grant_type: jwtBearer, assertion: 'whose' });
  assert.deepEqual([whose.status, whose.body['error']], [401, 'invalid_client']);
});

test('behind a proxy that ends TLS, proofs, assertions and cookies are those of the public origin', async (t) => {
  const listening = await listen(t, {
    origin: 'https://gateway.example',
    grants: () => [echo(jwtBearer, [])],
  });
  const form = { grant_type: jwtBearer, assertion: 'x' };
  const ask = async (url: string): Promise<Answer> =>
    await post(listening, form, { headers: { dpop: await proof(url) } });
  assert.equal((await ask('https://gateway.example/as/token')).status, 200);
  assert.equal((await ask(`${listening.origin}/as/token`)).body['error'], 'invalid_dpop_proof');
  const query = new URLSearchParams({
    client_id: 'app',
    response_type: 'code',
    redirect_uri: 'https://app.example/callback',
    resource: 'https://gateway.example/mcp',
    code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
    code_challenge_method: 'S256',
  });
  const response = await fetch(`${listening.origin}/as/authorize?${query.toString()}`, {
    redirect: 'manual',
  });
  assert.match(response.headers.get('location') ?? '', /^https:\/\/gateway\.example\/as\/interaction\//);
  const cookies = response.headers.getSetCookie();
  assert.ok(cookies.some((cookie) => cookie.startsWith('__Secure-bartizan_interaction=')));
  for (const cookie of cookies) assert.match(cookie, /; secure; .*httponly/i);
});

test('with nonces required a proof without one is told the nonce to use', async (t) => {
  const listening = await listen(t, { grants: () => [echo(jwtBearer, [])], nonce: 'required' });
  const url = `${listening.issuer}/token`;
  const form = { grant_type: jwtBearer, assertion: 'x' };
  const first = await post(listening, form, { headers: { dpop: await proof(url) } });
  assert.equal(first.body['error'], 'use_dpop_nonce');
  const nonce = String(first.headers['dpop-nonce']);
  const second = await post(listening, form, { headers: { dpop: await proof(url, { nonce }) } });
  assert.equal(second.status, 200, JSON.stringify(second.body));
});

test('a JWT of ours can be asked about and taken back by its client alone', async (t) => {
  const revoked = new Map<string, number>();
  const holder: { listening?: Listening } = {};
  const audience = (): string => holder.listening?.issuer ?? '';
  const [one, two] = [await keyed('one', audience), await keyed('two', audience)];
  const listening = await listen(t, {
    agents: [
      { id: 'one', authentication: ['private_key_jwt'], jwks: [one.jwk] },
      { id: 'two', authentication: ['private_key_jwt'], jwks: [two.jwk] },
    ],
    revocations: {
      revoke: (jti, expiresAt) => {
        revoked.set(jti, expiresAt);
        return Promise.resolve();
      },
      revoked: ({ jti }) => revoked.has(String(jti)),
    },
  });
  holder.listening = listening;
  const as = async (who: Keyed, path: string, form: Readonly<Record<string, string>>): Promise<Answer> =>
    await post(
      listening,
      { ...form, client_assertion_type: jwtAssertion, client_assertion: await who.assertion() },
      { path },
    );
  const granted = await as(one, '/token', {
    grant_type: 'client_credentials',
    scope: 'tools:call',
    resource: `${listening.origin}/mcp`,
  });
  const token = String(granted.body['access_token']);
  const seen = await as(one, '/introspect', { token });
  assert.equal(seen.body['active'], true);
  assert.equal(seen.body['client_id'], 'one');
  assert.equal(seen.body['aud'], `${listening.origin}/mcp`);
  assert.deepEqual((await as(two, '/introspect', { token })).body, { active: false });
  assert.deepEqual((await as(one, '/introspect', { token: `${token}x` })).body, { active: false });
  assert.deepEqual((await as(one, '/introspect', { token: 'verified-jwt' })).body, { active: false });
  await as(two, '/revoke', { token });
  assert.equal(revoked.size, 0);
  assert.equal((await as(one, '/revoke', { token })).status, 200);
  const claims = decodeJwt(token);
  assert.deepEqual([...revoked], [[claims.jti, Number(claims.exp) * 1000]]);
  assert.deepEqual((await as(one, '/introspect', { token })).body, { active: false });
});
