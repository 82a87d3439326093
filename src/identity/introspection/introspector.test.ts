import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import type { JsonObject } from '../../model/json.ts';
import { Refusal } from '../../model/refusal.ts';
import type { Subject } from '../../model/subject.ts';
import type { Credentials, Identity } from '../../pipeline/ports.ts';
import { testKey } from '../../testing/dpop.ts';
import { createIdentity } from '../identity.ts';
import type { Issuer } from '../issuer.ts';

const start = 1_800_000_000;
const url = 'https://gateway.example/mcp';
const client = testKey();

/** A real authorization server on loopback that answers about tokens. */
interface Server {
  readonly issuer: string;
  readonly questions: { readonly authorization: string; readonly form: URLSearchParams }[];
  answers: Record<string, JsonObject>;
  /** Takes over from the ordinary answers when set. */
  answer: ((request: IncomingMessage, response: ServerResponse) => void) | undefined;
}

async function open(t: TestContext, more: Partial<Issuer> = {}, cacheSeconds = 60) {
  const state: Server = { issuer: '', questions: [], answers: {}, answer: undefined };
  const answerTo = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = request.url ?? '';
    if (path === '/.well-known/oauth-authorization-server') {
      const { issuer } = server;
      return void response.end(JSON.stringify({ issuer, introspection_endpoint: `${issuer}/introspect` }));
    }
    if (path !== '/introspect' || request.method !== 'POST') return void response.writeHead(404).end();
    const form = new URLSearchParams(await text(request));
    server.questions.push({ authorization: request.headers.authorization ?? '', form });
    if (server.answer !== undefined) return server.answer(request, response);
    response.end(JSON.stringify(server.answers[form.get('token') ?? ''] ?? { active: false }));
  };
  const http = createServer(
    (request, response) => void answerTo(request, response).catch(() => response.destroy()),
  );
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    http.closeAllConnections();
    http.close();
  });
  const issuer = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  const server: Server = Object.assign(state, { issuer });
  const clock = { seconds: start, now: () => clock.seconds * 1000 };
  const introspection = { clientId: 'gate:way', clientSecret: 'p%ss wörd', cacheSeconds };
  const identity = createIdentity({
    issuers: [{ issuer, introspection, ...more }],
    clock,
    proof: { replay: { claim: () => true } },
  });
  return { server, clock, identity, introspection };
}

const answer = (more: JsonObject = {}): JsonObject => ({
  ...{
    active: true,
    sub: 'alice',
    client_id: 'vscode',
    aud: url,
    scope: 'read write',
    exp: start + 600,
    iat: start,
  },
  ...more,
});

function show(token: string, more: Partial<Credentials> = {}): Credentials {
  const request = { method: 'POST', url, resource: url, metadataUrl: `${url}/meta`, peer: '192.0.2.1' };
  return { authorization: `Bearer ${token}`, header: () => undefined, ...request, ...more };
}

async function accepted(identity: Identity, token: string): Promise<Subject> {
  const outcome = await identity.identify(show(token));
  return outcome instanceof Refusal ? assert.fail(outcome.detail) : outcome;
}

async function refused(
  identity: Identity,
  token: string,
  detail: RegExp,
  code = 'token_invalid',
): Promise<void> {
  const outcome = await identity.identify(show(token));
  assert.ok(outcome instanceof Refusal, 'the token was accepted');
  assert.equal(outcome.code, code);
  assert.match(outcome.detail, detail);
}

test('asks about an opaque token as RFC 7662 section 2.1 says, and reads the answer like claims', async (t) => {
  const { server, identity } = await open(t);
  server.answers = { 'ya29.opaque': answer({ jti: 'j1' }) };
  const subject = await accepted(identity, 'ya29.opaque');
  assert.equal(subject.user.issuer, server.issuer);
  assert.equal(subject.user.subject, 'alice');
  assert.equal(subject.agent.id, 'vscode');
  assert.deepEqual(subject.scopes, ['read', 'write']);
  assert.equal(subject.expiresAt, (start + 600) * 1000);
  assert.equal(subject.issuedAt, start * 1000);
  assert.equal(subject.tokenId, 'j1');
  const [{ authorization, form } = assert.fail('nothing was asked')] = server.questions;
  assert.deepEqual(
    [...form],
    [
      ['token', 'ya29.opaque'],
      ['token_type_hint', 'access_token'],
    ],
  );
  const pair = Buffer.from(authorization.replace('Basic ', ''), 'base64').toString();
  assert.equal(pair, 'gate%3Away:p%25ss+w%C3%B6rd');
});

test('remembers an answer for a while, and never beyond the end of the token', async (t) => {
  const { server, clock, identity } = await open(t, {}, 60);
  server.answers = { long: answer(), short: answer({ exp: start + 20 }), plain: answer({ exp: undefined }) };
  for (const token of ['long', 'short', 'plain']) await accepted(identity, token);
  clock.seconds += 19;
  for (const token of ['long', 'short', 'plain']) {
    assert.ok(!(identity.identify(show(token)) instanceof Promise));
  }
  assert.equal(server.questions.length, 3);
  clock.seconds = start + 20;
  await accepted(identity, 'long');
  assert.equal(server.questions.length, 3);
  server.answers['short'] = { active: false };
  await refused(identity, 'short', /not active/);
  clock.seconds = start + 60;
  server.answers['long'] = { active: false };
  await refused(identity, 'long', /not active/);
  assert.equal((await accepted(identity, 'plain')).expiresAt, (start + 120) * 1000);
});

test('a token that is not active is refused, and asked about again only after a moment', async (t) => {
  const { server, clock, identity } = await open(t);
  await refused(identity, 'unknown', /not active/);
  await refused(identity, 'unknown', /not active/);
  assert.equal(server.questions.length, 1);
  clock.seconds += 10;
  server.answers = { unknown: answer() };
  await accepted(identity, 'unknown');
});

test('many calls with one token at once are one question', async (t) => {
  const { server, identity } = await open(t);
  server.answers = { a: answer(), b: answer({ sub: 'bob' }) };
  const calls = Array.from({ length: 40 }, (_, n) => accepted(identity, n % 2 === 0 ? 'a' : 'b'));
  const subjects = await Promise.all(calls);
  assert.equal(new Set(subjects.map(({ principal }) => principal)).size, 2);
  assert.equal(server.questions.length, 2);
});

test('an issuer is never asked more than 64 questions at once', async (t) => {
  const { server, identity } = await open(t);
  const waiting: ServerResponse[] = [];
  server.answer = (_, response) => void waiting.push(response);
  const calls = Array.from({ length: 70 }, async (_, n) => identity.identify(show(`token${n}`)));
  const turnedAway = await Promise.all(calls.slice(64));
  for (const outcome of turnedAway) {
    assert.ok(outcome instanceof Refusal && outcome.code === 'overloaded');
    assert.match(outcome.detail, /64 questions to the issuer are open/);
  }
  while (waiting.length < 64) await new Promise((resolve) => setTimeout(resolve, 5));
  for (const response of waiting) response.end('{"active":false}');
  await Promise.all(calls);
  server.answer = undefined;
  server.answers = { next: answer() };
  await accepted(identity, 'next');
});

test('an issuer that cannot be asked is a matter of the gateway, and forgotten at once', async (t) => {
  const { server, identity } = await open(t);
  const faults: readonly NonNullable<Server['answer']>[] = [
    (_, response) => void response.writeHead(500).end(),
    (_, response) => void response.writeHead(401).end(),
    (_, response) => void response.writeHead(302, { location: '/introspect' }).end(),
    (_, response) => void response.end('<html>'),
    (_, response) => void response.end('[]'),
    (_, response) => void response.end(`"${'x'.repeat(600_000)}"`),
    (_, response) => void response.destroy(),
  ];
  for (const fault of faults) {
    server.answer = fault;
    await refused(identity, 'good', /cannot be asked about the token/, 'overloaded');
  }
  server.answer = undefined;
  server.answers = { good: answer() };
  await accepted(identity, 'good');
});

for (const [name, more, detail] of [
  ['of another issuer', { iss: 'https://evil.example' }, /is of issuer/],
  ['for another resource', { aud: 'https://gateway.example/mcp/other' }, /not for/],
  ['for no resource', { aud: undefined }, /not for/],
  ['without a user', { sub: undefined }, /no `sub`/],
  ['without an agent', { client_id: undefined }, /names no agent/],
  ['that has expired', { exp: start - 31 }, /expired/],
  ['that is not valid yet', { nbf: start + 31 }, /not valid for/],
  ['that is a refresh token', { token_type: 'refresh_token' }, /no access token/],
  ['of a type that is no text', { token_type: 7 }, /no access token/],
  ['bound in an unknown way', { cnf: { kid: 'k' } }, /only jkt and x5t#S256 are known/],
  ['that is active in some other sense', { active: 'true' }, /not active/],
] as const) {
  test(`refuses a token ${name}, though the issuer answers for it`, async (t) => {
    const { server, identity } = await open(t);
    server.answers = { token: answer(more as JsonObject) };
    await refused(identity, 'token', detail);
  });
}

test('a bound opaque token needs its proof', async (t) => {
  const { server, identity } = await open(t);
  server.answers = { bound: answer({ cnf: { jkt: client.jkt }, token_type: 'DPoP' }) };
  await refused(identity, 'bound', /as a bearer token/);
  const dpop = client.proof({ method: 'POST', url, token: 'bound', at: start });
  const outcome = await identity.identify(
    show('bound', { authorization: 'DPoP bound', header: (name) => (name === 'dpop' ? dpop : undefined) }),
  );
  assert.ok(!(outcome instanceof Refusal) && outcome.proof === 'dpop');
});

test('JWTs are verified here, and nobody is asked about them', async (t) => {
  const key = testKey();
  const { server, identity } = await open(t, { jwks: [{ ...key.jwk, kid: 'k' }] });
  const claims = { iss: server.issuer, sub: 'alice', aud: url, client_id: 'c', exp: start + 600 };
  await accepted(identity, key.sign({ alg: 'ES256', typ: 'at+jwt', kid: 'k' }, claims));
  await refused(identity, testKey().sign({ alg: 'ES256', typ: 'at+jwt', kid: 'k' }, claims), /signature/);
  assert.equal(server.questions.length, 0);
});

test('refuses options that cannot work', () => {
  const introspection = { clientId: 'a', clientSecret: 'b', cacheSeconds: 60 };
  const make =
    (...issuers: readonly Issuer[]) =>
    () =>
      createIdentity({ issuers, clock: { now: () => 0 } });
  const [one, other] = ['https://a.example', 'https://b.example'] as const;
  assert.throws(
    make({ issuer: one, introspection }, { issuer: other, introspection }),
    /both have `introspection`: keep one/,
  );
  const endpoint = 'http://idp.example/introspect';
  assert.throws(
    make({ issuer: one, introspection: { ...introspection, endpoint } }),
    /does not begin with https/,
  );
  assert.throws(
    make({ issuer: one, introspection: { ...introspection, cacheSeconds: -1 } }),
    /0 or more seconds/,
  );
});
