import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import type { JsonObject } from '../model/json.ts';
import { Refusal } from '../model/refusal.ts';
import type { Subject } from '../model/subject.ts';
import type { Credentials, Identity } from '../pipeline/ports.ts';
import { identityContract } from '../testing/identity.ts';
import { createIdentity } from './identity.ts';
import type { Issuer } from './issuer.ts';

const resource = 'https://gateway.example/mcp/files';
const metadataUrl = 'https://gateway.example/.well-known/oauth-protected-resource/mcp/files';
const start = 1_800_000_000;

/** A clock that a test moves. */
const clockAt = (seconds: number) => {
  const clock = { seconds, now: () => clock.seconds * 1000 };
  return clock;
};

interface Signer {
  readonly kid: string;
  readonly alg: string;
  readonly jwk: JWK;
  readonly sign: (claims: object, header?: object) => Promise<string>;
}

async function signer(kid: string, alg = 'ES256'): Promise<Signer> {
  const pair = await generateKeyPair(alg, { extractable: true });
  const jwk = { ...(await exportJWK(pair.publicKey)), kid, alg, use: 'sig' };
  return {
    kid,
    alg,
    jwk,
    sign: (claims, header = {}) =>
      new SignJWT({ ...claims })
        .setProtectedHeader({ alg, kid, typ: 'at+jwt', ...header })
        .sign(pair.privateKey),
  };
}

/** A real issuer on loopback: metadata and keys over HTTP. */
interface HttpIssuer {
  readonly issuer: string;
  keys: readonly JWK[];
  /** Takes over from the ordinary answers when set. */
  answer: RequestListener | undefined;
  readonly requests: string[];
}

async function httpIssuer(t: TestContext, keys: readonly Signer[]): Promise<HttpIssuer> {
  const server = createServer((request, response) => {
    state.requests.push(request.url ?? '');
    if (state.answer !== undefined) return state.answer(request, response);
    const json = (value: object) =>
      response.setHeader('content-type', 'application/json').end(JSON.stringify(value));
    if (request.url === '/.well-known/openid-configuration') {
      return json({ issuer: state.issuer, jwks_uri: `${state.issuer}/keys` });
    }
    if (request.url === '/keys') return json({ keys: state.keys });
    return response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const state: HttpIssuer = { issuer, keys: keys.map(({ jwk }) => jwk), answer: undefined, requests: [] };
  return state;
}

function claimsFor(issuer: string, more: object = {}): object {
  return {
    iss: issuer,
    sub: 'alice',
    aud: resource,
    client_id: 'vscode',
    iat: start,
    exp: start + 600,
    ...more,
  };
}

function show(token: string | undefined, more: Partial<Credentials> = {}): Credentials {
  const authorization = token === undefined ? undefined : `Bearer ${token}`;
  const request = { method: 'POST', url: resource, header: () => undefined, peer: '127.0.0.1' };
  return { authorization, resource, metadataUrl, ...request, ...more };
}

async function accepted(
  identity: Identity,
  token: string,
  more: Partial<Credentials> = {},
): Promise<Subject> {
  const outcome = await identity.identify(show(token, more));
  if (outcome instanceof Refusal) assert.fail(outcome.detail);
  return outcome;
}

async function refused(
  identity: Identity,
  token: string | undefined,
  detail: RegExp,
  code = 'token_invalid',
): Promise<Refusal> {
  const outcome = await identity.identify(show(token));
  assert.ok(outcome instanceof Refusal, 'the token was accepted');
  assert.equal(outcome.code, code);
  assert.match(outcome.detail, detail);
  return outcome;
}

/** One issuer with fixed keys, for what needs no network. */
async function local(more: Partial<Issuer> = {}, alg = 'ES256') {
  const key = await signer('k1', alg);
  const clock = clockAt(start);
  const issuer = 'https://idp.example';
  const identity = createIdentity({
    issuers: [{ issuer, jwks: [key.jwk as JsonObject], ...more }],
    clock,
    fetch: () => assert.fail('nothing may be fetched'),
  });
  const sign = (claims: object = {}, header: object = {}) => key.sign(claimsFor(issuer, claims), header);
  return { key, clock, issuer, identity, sign };
}

identityContract('JWT access tokens', async () => {
  const { identity, sign } = await local();
  return { identity, good: show(await sign()), otherResource: 'https://gateway.example/mcp/other' };
});

test('recognizes a token of a discovered issuer, and answers at once the next time', async (t) => {
  const key = await signer('k1');
  const idp = await httpIssuer(t, [key]);
  const identity = createIdentity({ issuers: [{ issuer: idp.issuer }], clock: clockAt(start) });
  const token = await key.sign(
    claimsFor(idp.issuer, { scope: 'read write', roles: ['dev'], groups: ['g1'] }),
  );
  const subject = await accepted(identity, token);
  assert.equal(subject.user.issuer, idp.issuer);
  assert.equal(subject.user.subject, 'alice');
  assert.deepEqual(subject.user.roles, ['dev']);
  assert.deepEqual(subject.user.groups, ['g1']);
  assert.deepEqual(subject.scopes, ['read', 'write']);
  assert.equal(subject.agent.id, 'vscode');
  assert.equal(subject.device.managed, false);
  assert.equal(subject.expiresAt, (start + 600) * 1000);
  assert.equal(identity.identify(show(token)), subject);
  assert.equal(idp.requests.filter((url) => url === '/keys').length, 1);
});

test('takes every algorithm of the table', async () => {
  for (const alg of ['ES256', 'ES384', 'RS256', 'PS256', 'EdDSA', 'Ed25519']) {
    const { identity, sign } = await local({}, alg);
    assert.equal((await accepted(identity, await sign())).user.subject, 'alice', alg);
  }
});

test('refuses algorithms the issuer is not configured for', async () => {
  const { identity, sign } = await local({ algorithms: ['EdDSA'] });
  await refused(identity, await sign(), /`ES256` is not allowed; allowed: EdDSA/);
});

test('refuses `none` and symmetric signatures made with the public key', async () => {
  const { identity, key, issuer } = await local({}, 'RS256');
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const body = encode(claimsFor(issuer));
  for (const alg of ['none', 'None', 'NONE', '']) {
    await refused(identity, `${encode({ alg, typ: 'at+jwt', kid: 'k1' })}.${body}.AA`, /is not allowed/);
    await refused(identity, `${encode({ alg, typ: 'at+jwt', kid: 'k1' })}.${body}.`, /not base64url/);
  }
  for (const secret of [JSON.stringify(key.jwk), String(key.jwk.n)]) {
    const signed = `${encode({ alg: 'HS256', typ: 'at+jwt', kid: 'k1' })}.${body}`;
    const mac = createHmac('sha256', secret).update(signed).digest('base64url');
    await refused(identity, `${signed}.${mac}`, /`HS256` is not allowed/);
  }
});

test('ignores symmetric and private keys that an issuer publishes', async () => {
  const oct = { kty: 'oct', k: 'c2VjcmV0', kid: 'k2' };
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  const leaked = { ...(await exportJWK(privateKey)), kid: 'k3' } as JsonObject;
  assert.throws(
    () => createIdentity({ issuers: [{ issuer: 'i', jwks: [oct, leaked] }], clock: clockAt(start) }),
    /none of its `jwks` is a public signature key/,
  );
});

test('refuses a key of one kind used under the algorithm of another', async () => {
  const { identity, key, issuer } = await local({}, 'RS256');
  const other = await signer('k1', 'PS256');
  await refused(identity, await other.sign(claimsFor(issuer)), /publishes no PS256 key/);
  assert.equal(key.alg, 'RS256');
});

test('refuses a token whose body or signature was changed', async () => {
  const { identity, sign } = await local();
  const [head, body = '', signature = ''] = (await sign()).split('.');
  const changed = Buffer.from(Buffer.from(body, 'base64url').toString().replace('alice', 'bobby')).toString(
    'base64url',
  );
  await refused(identity, `${head}.${changed}.${signature}`, /signature of the token is wrong/);
  await refused(identity, `${head}.${body}.${signature.slice(0, -4)}AAAA`, /signature of the token is wrong/);
  await refused(identity, `${head}.${body}.AAAA`, /signature of the token is wrong/);
});

test('checks the audience on every call, also for a token it knows', async () => {
  const { identity, sign } = await local();
  const token = await sign({ aud: ['https://other.example', resource] });
  await accepted(identity, token);
  const elsewhere = await identity.identify(show(token, { resource: 'https://gateway.example/mcp/git' }));
  assert.ok(elsewhere instanceof Refusal);
  assert.match(elsewhere.detail, /not for `https:\/\/gateway\.example\/mcp\/git`/);
  await accepted(identity, token);
});

test('refuses audiences that only look alike, and a missing one', async () => {
  const { identity, sign } = await local();
  for (const aud of [
    `${resource}/`,
    'https://gateway.example/mcp',
    'https://gateway.example',
    'vscode',
    '',
    [],
    {},
    7,
  ]) {
    await refused(identity, await sign({ aud }), /^the token is for /);
  }
});

test('takes the audiences configured for an issuer that cannot name resources', async () => {
  const { identity, sign } = await local({ audiences: ['api://gateway'] });
  await accepted(identity, await sign({ aud: 'api://gateway' }));
  await refused(identity, await sign({ aud: 'api://other' }), /^the token is for /);
});

test('refuses an expired token, with 30 seconds of leeway, also one it knows', async () => {
  const { identity, sign, clock } = await local();
  const token = await sign();
  await accepted(identity, token);
  clock.seconds = start + 629;
  await accepted(identity, token);
  clock.seconds = start + 630;
  const refusal = await refused(identity, token, /expired 30 s ago/);
  assert.match(
    refusal.headers?.['WWW-Authenticate'] ?? '',
    /error="invalid_token", error_description="the access token has expired"/,
  );
});

test('refuses a token before its time, and takes it when its time has come', async () => {
  for (const claim of ['nbf', 'iat']) {
    const { identity, sign, clock } = await local();
    const token = await sign({ [claim]: start + 31 });
    await refused(identity, token, new RegExp(`not valid for 31 s \\(\`${claim}\`\\)`));
    clock.seconds = start + 1;
    await accepted(identity, token);
  }
});

test('refuses tokens without an end, a subject or an agent', async () => {
  const { identity, sign } = await local();
  await refused(identity, await sign({ exp: undefined }), /no numeric `exp`/);
  await refused(identity, await sign({ exp: String(start + 600) }), /no numeric `exp`/);
  await refused(identity, await sign({ sub: undefined }), /no `sub`/);
  await refused(identity, await sign({ sub: '' }), /no `sub`/);
  await refused(identity, await sign({ client_id: undefined }), /names no agent/);
  await refused(identity, await sign({ client_id: 'spiffe://Bad Domain/x' }), /not a valid SPIFFE ID/);
});

test('refuses other kinds of JWT, unless the issuer is configured to make no access tokens', async () => {
  const strict = await local();
  for (const typ of ['JWT', 'logout+jwt', 'dpop+jwt', undefined]) {
    await refused(strict.identity, await strict.sign({}, { typ }), /has type/);
  }
  await accepted(strict.identity, await strict.sign({}, { typ: 'application/AT+JWT' }));
  const lax = await local({ allowPlainJwt: true });
  await accepted(lax.identity, await lax.sign({}, { typ: 'JWT' }));
  await accepted(lax.identity, await lax.sign({}, { typ: undefined }));
  await refused(lax.identity, await lax.sign({}, { typ: 'logout+jwt' }), /has type/);
});

test('refuses a token bound to a key when it is shown as a bearer token', async () => {
  const { identity, sign } = await local();
  await refused(identity, await sign({ cnf: { jkt: 'x'.repeat(43) } }), /bound to a key/);
});

test('refuses critical header members that it does not understand', async () => {
  const { identity, key, issuer } = await local();
  const [, body, signature] = (await key.sign(claimsFor(issuer))).split('.');
  const head = Buffer.from(JSON.stringify({ alg: 'ES256', typ: 'at+jwt', kid: 'k1', crit: ['x'], x: 1 }));
  await refused(identity, `${head.toString('base64url')}.${body}.${signature}`, /critical header members/);
});

test('never takes a key from the token itself', async () => {
  const { identity, issuer } = await local();
  const attacker = await signer('attacker');
  for (const header of [
    { jwk: attacker.jwk },
    { jku: 'https://evil.example/keys' },
    { x5u: 'https://evil.example' },
  ]) {
    await refused(identity, await attacker.sign(claimsFor(issuer), header), /publishes no ES256 key/);
    await refused(
      identity,
      await attacker.sign(claimsFor(issuer), { ...header, kid: 'k1' }),
      /signature of the token is wrong/,
    );
  }
});

test('a `kid` is a name to compare and nothing else', async (t) => {
  const key = await signer('k1');
  const idp = await httpIssuer(t, [key]);
  const clock = clockAt(start);
  const identity = createIdentity({ issuers: [{ issuer: idp.issuer }], clock });
  const attacker = await signer('x');
  for (const kid of [
    '../../../../dev/null',
    '/etc/passwd',
    "' OR 1=1 --",
    'http://evil.example/',
    '__proto__',
    '',
  ]) {
    clock.seconds += 31;
    await refused(identity, await attacker.sign(claimsFor(idp.issuer), { kid }), /publishes no ES256 key/);
  }
  assert.deepEqual([...new Set(idp.requests)].sort(), [
    '/.well-known/oauth-authorization-server',
    '/.well-known/openid-configuration',
    '/keys',
  ]);
});

test('takes a token without `kid` only while the issuer has one key of the kind', async () => {
  const one = await local();
  await accepted(one.identity, await one.sign({}, { kid: undefined }));
  const [a, b] = [await signer('a'), await signer('b')];
  const issuer = 'https://idp.example';
  const two = createIdentity({
    issuers: [{ issuer, jwks: [a.jwk, b.jwk] as JsonObject[] }],
    clock: clockAt(start),
  });
  await refused(two, await a.sign(claimsFor(issuer), { kid: undefined }), /the token names no key/);
});

test('refuses headers and bodies with duplicate members', async () => {
  const { identity, issuer } = await local();
  const pair = await generateKeyPair('ES256', { extractable: true });
  const jwk = { ...(await exportJWK(pair.publicKey)), kid: 'k9' } as JsonObject;
  const signing = createIdentity({ issuers: [{ issuer, jwks: [jwk] }], clock: clockAt(start) });
  const { CompactSign } = await import('jose');
  const sign = (payload: string) =>
    new CompactSign(Buffer.from(payload))
      .setProtectedHeader({ alg: 'ES256', kid: 'k9', typ: 'at+jwt' })
      .sign(pair.privateKey);
  const text = JSON.stringify(claimsFor(issuer));
  await accepted(signing, await sign(text));
  for (const more of [
    '"sub":"admin"',
    '"\\u0073ub":"admin"',
    '"act":{"sub":"a","sub":"b"}',
    '"x":[{"a":1,"a":2}]',
  ]) {
    await refused(signing, await sign(`${text.slice(0, -1)},${more}}`), /without duplicate members/);
  }
  await accepted(signing, await sign(`${text.slice(0, -1)},"x":[{"a":":"},{"a":"\\":{"}],"y":{"sub":1}}`));
  const head = Buffer.from('{"alg":"ES256","alg":"none","typ":"at+jwt"}').toString('base64url');
  await refused(
    identity,
    `${head}.${Buffer.from(text).toString('base64url')}.AAAA`,
    /without duplicate members/,
  );
});

test('refuses what is no JWT, however large, without asking anybody', async () => {
  const { identity } = await local();
  await refused(identity, 'a.b', /not a signed JWT of three parts/);
  await refused(identity, 'a.b.c.d.e', /not a signed JWT of three parts/);
  await refused(identity, 'bm90.anNvbg.AA', /not one JSON object/);
  await refused(identity, 'W10.W10.AA', /not one JSON object/);
  await refused(identity, `${'A'.repeat(20_000)}.e30.AA`, /more than 16000 characters/);
});

test('an issuer cannot speak for another, whatever the token says', async (t) => {
  const [keyA, keyB] = [await signer('k1'), await signer('k1')];
  const [a, b] = [await httpIssuer(t, [keyA]), await httpIssuer(t, [keyB])];
  const identity = createIdentity({
    issuers: [{ issuer: a.issuer }, { issuer: b.issuer }],
    clock: clockAt(start),
  });
  await refused(identity, await keyA.sign(claimsFor(b.issuer)), /signature of the token is wrong/);
  const fromA = await accepted(identity, await keyA.sign(claimsFor(a.issuer)));
  const fromB = await accepted(identity, await keyB.sign(claimsFor(b.issuer)));
  assert.notEqual(fromA.principal, fromB.principal);
  for (const iss of [
    'https://unknown.example',
    `${a.issuer}/`,
    a.issuer.toUpperCase(),
    undefined,
    [a.issuer],
  ]) {
    await refused(identity, await keyA.sign(claimsFor(a.issuer, { iss })), /is not configured/);
  }
});

test('follows a rotation: a new key is found, a withdrawn one no longer counts, also for a known token', async (t) => {
  const [old, fresh] = [await signer('old'), await signer('new')];
  const idp = await httpIssuer(t, [old]);
  const clock = clockAt(start);
  const identity = createIdentity({ issuers: [{ issuer: idp.issuer }], clock });
  const known = await old.sign(claimsFor(idp.issuer));
  await accepted(identity, known);
  idp.keys = [fresh.jwk];
  const next = await fresh.sign(claimsFor(idp.issuer));
  await refused(identity, next, /publishes no ES256 key/);
  clock.seconds += 30;
  await accepted(identity, next);
  await refused(identity, known, /publishes no ES256 key/);
});

test('unknown keys ask the issuer once in 30 seconds, however many come at once', async (t) => {
  const key = await signer('k1');
  const idp = await httpIssuer(t, [key]);
  const clock = clockAt(start);
  const identity = createIdentity({
    issuers: [{ issuer: idp.issuer, jwksUri: `${idp.issuer}/keys` }],
    clock,
  });
  const attacker = await signer('x');
  const storm = () =>
    Promise.all(
      Array.from({ length: 50 }, async (_, n) =>
        refused(identity, await attacker.sign(claimsFor(idp.issuer), { kid: `x${n}` }), /publishes no/),
      ),
    );
  await storm();
  await storm();
  assert.equal(idp.requests.length, 1);
  clock.seconds += 30;
  await storm();
  assert.equal(idp.requests.length, 2);
});

test('an issuer out of reach is a gateway matter, not a bad token, and known keys go on to serve', async (t) => {
  const key = await signer('k1');
  const idp = await httpIssuer(t, [key]);
  const clock = clockAt(start);
  const identity = createIdentity({ issuers: [{ issuer: idp.issuer }], clock });
  const token = await key.sign(claimsFor(idp.issuer, { exp: start + 10 * 86_400 }));
  idp.answer = (_, response) => response.writeHead(500).end();
  const refusal = await refused(identity, token, /cannot be had: .*answered 500, not 200/, 'overloaded');
  assert.equal(refusal.headers, undefined);
  idp.answer = undefined;
  clock.seconds += 5;
  await accepted(identity, token);
  idp.answer = (_, response) => response.writeHead(500).end();
  clock.seconds += 3600;
  await accepted(identity, token);
  clock.seconds += 86_400;
  await refused(identity, token, /cannot be had/, 'overloaded');
});

test('refuses metadata that names another issuer, redirects, floods, and what is no JSON', async (t) => {
  const key = await signer('k1');
  const cases: readonly (readonly [RequestListener, RegExp])[] = [
    [
      (_, response) => response.end('{"issuer":"https://evil.example","jwks_uri":"https://evil.example/k"}'),
      /not exactly/,
    ],
    [(_, response) => response.writeHead(302, { location: '/keys' }).end(), /answered 302, not 200/],
    [(_, response) => response.end(`"${'x'.repeat(600_000)}"`), /larger than 524288 bytes/],
    [(_, response) => response.end('<html>'), /not valid JSON/],
    [(_, response) => response.end('[]'), /is no JSON object/],
    [
      (request, response) =>
        response.end(
          JSON.stringify({ issuer: `http://${request.headers.host}`, jwks_uri: 'http://idp.example/k' }),
        ),
      /does not begin with https/,
    ],
    [
      (request, response) =>
        response.end(
          JSON.stringify({ issuer: `http://${request.headers.host}`, jwks_uri: 'file:///etc/passwd' }),
        ),
      /does not begin with https/,
    ],
  ];
  for (const [answer, detail] of cases) {
    const idp = await httpIssuer(t, [key]);
    idp.answer = answer;
    const identity = createIdentity({ issuers: [{ issuer: idp.issuer }], clock: clockAt(start) });
    await refused(identity, await key.sign(claimsFor(idp.issuer)), detail, 'overloaded');
  }
});

test('refuses configurations that cannot be safe', () => {
  const make =
    (...issuers: Issuer[]) =>
    () =>
      createIdentity({ issuers, clock: clockAt(start) });
  assert.throws(make({ issuer: 'http://idp.example' }), /`http:\/\/idp\.example` does not begin with https/);
  assert.throws(make({ issuer: 'http://127.0.0.1.evil.example' }), /does not begin with https/);
  assert.throws(make({ issuer: 'https://a:b@idp.example' }), /holds a password/);
  assert.throws(make({ issuer: 'idp' }), /is not a URL/);
  assert.throws(
    make({ issuer: 'https://i.example' }, { issuer: 'https://i.example' }),
    /is configured twice/,
  );
});

test('reads the token from one Authorization header alone, in any case of the scheme', async () => {
  const { identity, sign } = await local();
  const token = await sign();
  for (const scheme of ['Bearer', 'bearer', 'BEARER']) {
    assert.ok(
      !(
        (await identity.identify(show(undefined, { authorization: `${scheme} ${token}` }))) instanceof Refusal
      ),
    );
  }
  for (const authorization of [`Bearer ${token}, Bearer ${token}`, 'Bearer', 'Bearer ']) {
    const outcome = await identity.identify(show(undefined, { authorization }));
    assert.ok(outcome instanceof Refusal && outcome.code === 'token_invalid', authorization);
  }
});

for (const authorization of [undefined, '', 'Basic YTpi', 'DPoP abc', 'abc', 'Bearerabc abc']) {
  test(`a call with \`${authorization}\` for a token is challenged without an error code`, async () => {
    const identity = createIdentity({ issuers: [], scopes: ['mcp'], clock: clockAt(start) });
    const refusal = await identity.identify(show(undefined, { authorization }));
    assert.ok(refusal instanceof Refusal);
    assert.equal(refusal.code, 'token_missing');
    assert.deepEqual(refusal.headers, {
      'WWW-Authenticate': `Bearer scope="mcp", resource_metadata="${metadataUrl}"`,
    });
  });
}

test('a token without a required scope is answered with all of them', async () => {
  const { identity, sign } = await local({ requiredScopes: ['read', 'write'] });
  await accepted(identity, await sign({ scope: 'write other read' }));
  const refusal = await refused(
    identity,
    await sign({ scope: 'read' }),
    /lacks the scopes write/,
    'scope_insufficient',
  );
  assert.equal(
    refusal.headers?.['WWW-Authenticate'],
    `Bearer error="insufficient_scope", scope="read write", resource_metadata="${metadataUrl}"`,
  );
});

test('the scopes of the gateway are required of an issuer that has no list of its own', async () => {
  const key = await signer('k1');
  const issuer = 'https://idp.example';
  const jwks = [key.jwk as JsonObject];
  const clock = clockAt(start);
  const token = await key.sign(claimsFor(issuer, { scope: 'other' }));
  const plain = createIdentity({ issuers: [{ issuer, jwks }], scopes: ['mcp'], clock });
  await refused(plain, token, /lacks the scopes mcp/, 'scope_insufficient');
  await accepted(
    createIdentity({ issuers: [{ issuer, jwks, requiredScopes: [] }], scopes: ['mcp'], clock }),
    token,
  );
});

test('nothing in a challenge can end its quotes or its header', async () => {
  const identity = createIdentity({
    issuers: [],
    scopes: ['a"b', 'c\\d', 'e\r\nSet-Cookie: x=1', 'ü\ud800'],
    clock: clockAt(start),
  });
  const refusal = await identity.identify(show(undefined, { metadataUrl: 'https://h/"x\\' }));
  assert.ok(refusal instanceof Refusal);
  const header = refusal.headers?.['WWW-Authenticate'] ?? '';
  assert.equal(
    header,
    'Bearer scope="a%22b c%5Cd e%0D%0ASet-Cookie: x=1 %C3%BC%EF%BF%BD", resource_metadata="https://h/%22x%5C"',
  );
});

test('reads roles, groups, tenant, agent and device from where the configuration says', async () => {
  const { identity, sign } = await local({
    claims: {
      roles: '/realm_access/roles',
      groups: 'https://idp.example/groups',
      tenant: '/org/id~1x',
      device: { managed: '/device/compliant', id: '/device/id', observedAt: '/device/at', maxAgeSeconds: 60 },
    },
  });
  const subject = await accepted(
    identity,
    await sign({
      realm_access: { roles: ['dev', 7, 'ops'] },
      'https://idp.example/groups': 'team',
      org: { 'id/x': 't1' },
      act: { sub: 'spiffe://example.org/agent/code' },
      device: { compliant: true, id: 'laptop-1', at: start - 10 },
    }),
  );
  assert.deepEqual(subject.user.roles, ['dev', 'ops']);
  assert.deepEqual(subject.user.groups, ['team']);
  assert.equal(subject.user.tenant, 't1');
  assert.equal(subject.agent.id, 'spiffe://example.org/agent/code');
  assert.deepEqual(subject.device, { managed: true, id: 'laptop-1', observedAt: (start - 10) * 1000 });
});

test('a posture that has grown old counts as unmanaged, also for a known token', async () => {
  const { identity, sign, clock } = await local({
    claims: { device: { managed: 'managed', maxAgeSeconds: 60 } },
  });
  const token = await sign({ managed: true });
  assert.equal((await accepted(identity, token)).device.managed, true);
  clock.seconds = start + 59;
  assert.equal((await accepted(identity, token)).device.managed, true);
  clock.seconds = start + 60;
  assert.equal((await accepted(identity, token)).device.managed, false);
  for (const managed of ['true', 1, 'yes', null, { true: true }]) {
    clock.seconds = start;
    assert.equal((await accepted(identity, await sign({ managed }))).device.managed, false);
  }
  assert.equal(
    (await accepted(identity, await sign({ managed: true, iat: undefined }))).device.managed,
    false,
  );
});

test('inherited members are nobody’s claims', async () => {
  const { identity, sign } = await local({
    claims: { agent: ['constructor', '/toString/name', 'client_id'] },
  });
  assert.equal((await accepted(identity, await sign())).agent.id, 'vscode');
});

test('a failed token is remembered for a moment, and only so many of them', async () => {
  const { identity, sign, clock } = await local();
  const token = await sign();
  clock.seconds = start + 631;
  await refused(identity, token, /expired 31 s ago/);
  // A clock set back shows what is remembered: a verification now would take the token.
  clock.seconds = start + 600;
  await refused(identity, token, /expired 31 s ago/);
  for (let n = 0; n < 2_000; n++) await refused(identity, `junk${n}`, /not a signed JWT/);
  await accepted(identity, token);
});

test('one token takes one place in the cache, in however many spellings its header comes', async () => {
  const { identity, sign } = await local();
  const victim = await sign({ sub: 'bob' });
  const bob = await accepted(identity, victim);
  const token = await sign();
  const subject = await accepted(identity, token);
  for (let blanks = 2; blanks < 10_100; blanks++) {
    const authorization = `Bearer${' '.repeat(blanks % 500)} ${token}`;
    const scheme = blanks.toString(2).padStart(6, '0').slice(-6);
    const spelled = [...'bearer'].map((letter, at) => (scheme[at] === '1' ? letter.toUpperCase() : letter));
    const outcome = identity.identify(
      show(undefined, { authorization: authorization.replace('Bearer', spelled.join('')) }),
    );
    assert.equal(outcome, subject);
  }
  assert.equal(identity.identify(show(victim)), bob);
});
