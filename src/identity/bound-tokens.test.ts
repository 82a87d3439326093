import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import type { JsonObject } from '../model/json.ts';
import { Refusal } from '../model/refusal.ts';
import type { Subject } from '../model/subject.ts';
import type { Credentials, Identity } from '../pipeline/ports.ts';
import type { EpochKey, ReplayCache } from '../pipeline/store-ports.ts';
import { testKey } from '../testing/dpop.ts';
import { createIdentity, type IdentityOptions } from './identity.ts';
import type { Issuer } from './issuer.ts';

const start = 1_800_000_000;
const url = 'https://gateway.example/mcp';
const issuer = 'https://idp.example';
const idp = testKey();
const client = testKey();
const thumbprint = 'A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0';

function memory(): ReplayCache & { readonly claims: (readonly [string, number])[] } {
  const claims: (readonly [string, number])[] = [];
  return {
    claims,
    claim: (key, expiresAt) => {
      if (claims.some(([known]) => known === key)) return false;
      claims.push([key, expiresAt]);
      return true;
    },
  };
}

function open(options: Partial<IdentityOptions> = {}, more: Partial<Issuer> = {}) {
  const clock = { seconds: start, now: () => clock.seconds * 1000 };
  const jwks = [{ ...idp.jwk, kid: 'k1' }];
  const identity = createIdentity({ issuers: [{ issuer, jwks, ...more }], clock, ...options });
  return { identity, clock };
}

function token(more: JsonObject = {}): string {
  const claims = { iss: issuer, sub: 'alice', aud: url, client_id: 'vscode', iat: start, exp: start + 600 };
  return idp.sign({ alg: 'ES256', typ: 'at+jwt', kid: 'k1' }, { ...claims, ...more });
}

const bound = (): string => token({ cnf: { jkt: client.jkt }, jti: 'j1' });

function show(authorization: string, dpop?: string, more: Partial<Credentials> = {}): Credentials {
  const header = (name: string): string | undefined => (name === 'dpop' ? dpop : undefined);
  const request = { method: 'POST', url, resource: url, metadataUrl: `${url}/meta`, peer: '192.0.2.1' };
  return { authorization, header, ...request, ...more };
}

function proven(shown: string, claims: JsonObject = {}, at = start): Credentials {
  return show(`DPoP ${shown}`, client.proof({ method: 'POST', url, token: shown, at }, claims));
}

function accepted(outcome: Subject | Refusal): Subject {
  return outcome instanceof Refusal ? assert.fail(outcome.detail) : outcome;
}

async function refused(
  identity: Identity,
  shown: Credentials,
  detail: RegExp,
  code = 'token_invalid',
): Promise<Refusal> {
  const outcome = await identity.identify(shown);
  assert.ok(outcome instanceof Refusal, 'it was accepted');
  assert.equal(outcome.code, code);
  assert.match(outcome.detail, detail);
  return outcome;
}

/** What came at once; a promise is a fault. */
function atOnce(identity: Identity, shown: Credentials): Subject {
  const outcome = identity.identify(shown);
  assert.ok(!(outcome instanceof Promise), 'it had to be waited for');
  return accepted(outcome);
}

test('a bound token with a new proof each time is one caller, at once, with what is known of its token', () => {
  const replay = memory();
  const { identity } = open({ proof: { replay, proofSeconds: 60 } });
  const shown = bound();
  const subject = atOnce(identity, proven(shown));
  assert.equal(subject.proof, 'dpop');
  assert.equal(subject.issuedAt, start * 1000);
  assert.equal(subject.tokenId, 'j1');
  assert.equal(atOnce(identity, proven(shown)), subject);
  assert.equal(replay.claims.length, 2);
  for (const [key, expiresAt] of replay.claims) {
    assert.match(key, /^dpop:[A-Za-z0-9_-]{43}$/);
    assert.equal(expiresAt, (start + 60 + 30) * 1000);
  }
});

test('a plain token says nothing of a proof', () => {
  const subject = atOnce(open().identity, show(`Bearer ${token()}`));
  assert.equal(subject.proof, undefined);
  assert.equal(subject.tokenId, undefined);
});

test('a token that was seen before is proven again every time', async () => {
  const { identity, clock } = open({ proof: { replay: memory(), proofSeconds: 60 } });
  const shown = bound();
  const first = proven(shown);
  atOnce(identity, first);
  await refused(identity, { ...first }, /used before/);
  assert.ok(!((await identity.identify(first)) instanceof Refusal), 'one request was identified twice');
  await refused(identity, show(`DPoP ${shown}`), /without a proof/);
  await refused(identity, show(`Bearer ${shown}`), /as a bearer token/);
  clock.seconds += 120;
  await refused(identity, proven(shown), /120 s old/);
  atOnce(identity, proven(shown, {}, start + 120));
});

test('the scheme may be written in any case, and with more than one blank', () => {
  const { identity } = open({ proof: { replay: memory() } });
  const shown = bound();
  for (const scheme of ['dpop', 'DPOP', 'DPoP  ']) {
    const { header } = proven(shown);
    atOnce(identity, { ...show(`${scheme} ${shown}`), header });
  }
});

test('two replicas share one memory of proofs, however long it takes to answer', async () => {
  const kept = memory();
  const replay: ReplayCache = { claim: async (key, expiresAt) => kept.claim(key, expiresAt) };
  const [one, other] = [open({ proof: { replay } }).identity, open({ proof: { replay } }).identity];
  const shown = proven(bound());
  const outcomes = await Promise.all(
    [one, other, one, other].map(async (identity) => identity.identify(shown)),
  );
  assert.equal(outcomes.filter((outcome) => !(outcome instanceof Refusal)).length, 1);
});

test('a replay cache that fails, now or later, or answers nothing, lets nobody in', async () => {
  const failing: readonly ReplayCache['claim'][] = [
    () => assert.fail('no connection'),
    () => Promise.reject(new Error('no connection')),
  ];
  for (const claim of failing) {
    const { identity } = open({ proof: { replay: { claim } } });
    const refusal = await refused(identity, proven(bound()), /replay cache .* no connection/, 'overloaded');
    assert.equal(refusal.headers, undefined);
  }
  const silent = { claim: () => undefined } as unknown as ReplayCache;
  await refused(open({ proof: { replay: silent } }).identity, proven(bound()), /used before/);
});

test('without a replay cache a DPoP token is refused, and DPoP is not offered', async () => {
  const { identity } = open();
  const refusal = await refused(
    identity,
    proven(bound()),
    /no credentials of a known scheme/,
    'token_missing',
  );
  assert.equal(refusal.headers?.['WWW-Authenticate'], `Bearer resource_metadata="${url}/meta"`);
  await refused(identity, show(`Bearer ${bound()}`), /as a bearer token/);
});

test('a certificate-bound token works over its own connection alone', async () => {
  const { identity } = open();
  const shown = token({ cnf: { 'x5t#S256': thumbprint } });
  const certificate = { chain: [], thumbprint };
  assert.equal(atOnce(identity, show(`Bearer ${shown}`, undefined, { certificate })).proof, 'certificate');
  await refused(identity, show(`Bearer ${shown}`), /shows none/);
  const stranger = { chain: [], thumbprint: client.jkt };
  await refused(
    identity,
    show(`Bearer ${shown}`, undefined, { certificate: stranger }),
    /another certificate/,
  );
});

test('a token bound to both keys needs both proofs', async () => {
  const { identity } = open({ proof: { replay: memory() } });
  const shown = token({ cnf: { jkt: client.jkt, 'x5t#S256': thumbprint } });
  const certificate = { chain: [], thumbprint };
  await refused(identity, proven(shown), /shows none/);
  await refused(identity, show(`Bearer ${shown}`, undefined, { certificate }), /as a bearer token/);
  assert.equal(atOnce(identity, { ...proven(shown), certificate }).proof, 'dpop');
});

test('where tokens must be bound, plain ones are refused, except of issuers that say otherwise', async () => {
  const proof = { senderConstrained: 'required', replay: memory() } as const;
  const plain = show(`Bearer ${token()}`);
  const refusal = await refused(open({ proof }).identity, plain, /bound to no key/);
  assert.match(refusal.reason ?? '', /ask for one with DPoP or mutual TLS/);
  atOnce(open({ proof }).identity, proven(bound()));
  atOnce(open({ proof }, { senderConstrained: 'optional' }).identity, plain);
  await refused(open({}, { senderConstrained: 'required' }).identity, plain, /bound to no key/);
});

test('where a nonce is required, a challenge brings one, and every replica takes it', async () => {
  const nonceKey = randomBytes(32);
  const proof = { nonce: 'required', nonceKey, replay: memory(), proofSeconds: 60 } as const;
  const [one, other] = [open({ proof }), open({ proof })];
  const shown = bound();
  const refusal = await refused(one.identity, proven(shown), /no nonce of the moment/);
  assert.match(
    refusal.headers?.['WWW-Authenticate'] ?? '',
    /^DPoP error="use_dpop_nonce", error_description="[^"]+", algs="/,
  );
  const nonce = refusal.headers?.['DPoP-Nonce'] ?? '';
  assert.notEqual(nonce, '');
  atOnce(one.identity, proven(shown, { nonce }));
  atOnce(other.identity, proven(shown, { nonce }));
  for (const wrong of ['', `${nonce}x`, 'x'])
    await refused(one.identity, proven(shown, { nonce: wrong }), /no nonce/);
  one.clock.seconds += 600;
  await refused(one.identity, proven(bound(), { nonce }, start + 600), /no nonce/);
});

test('where a nonce is not required, one of somebody else does not matter', () => {
  atOnce(open({ proof: { replay: memory() } }).identity, proven(bound(), { nonce: 'of another server' }));
});

test('refuses options that cannot work', () => {
  assert.throws(() => open({ proof: { nonce: 'required' } }), /needs a `nonceKey`/);
  assert.throws(() => open({ proof: { nonce: 'required', nonceKey: randomBytes(16) } }), /at least 32/);
  for (const proofSeconds of [0, -1, Number.NaN]) {
    assert.throws(() => open({ proof: { proofSeconds } }), /give more than 0 seconds/);
  }
});

/** Epochs as the store defines them: whatever was issued at or before one is over. */
function revocations() {
  const epochs = new Map<string, number>();
  const nameOf = ({ kind, id }: EpochKey): string => `${kind} ${id}`;
  return {
    end: (key: EpochKey, at: number) => void epochs.set(nameOf(key), at),
    isRevoked: (keys: readonly EpochKey[], issuedAt: number): boolean =>
      keys.some((key) => issuedAt <= (epochs.get(nameOf(key)) ?? -1)),
  };
}

const ended: readonly EpochKey[] = [
  { kind: 'user', id: `${issuer} alice` },
  { kind: 'agent', id: 'vscode' },
  { kind: 'device', id: 'laptop' },
  { kind: 'token', id: 't1' },
];

for (const key of ended) {
  test(`a revoked ${key.kind} is refused on the next call, also with a token that was seen before`, async () => {
    const revoked = revocations();
    const claims = { device: { managed: 'managed', id: 'device' } };
    const { identity } = open({ revocations: revoked }, { claims });
    const shown = show(`Bearer ${token({ jti: 't1', device: 'laptop' })}`);
    atOnce(identity, shown);
    revoked.end({ ...key, id: `${key.id} else` }, start * 1000 + 1);
    atOnce(identity, shown);
    revoked.end(key, start * 1000 + 1);
    const refusal = await refused(identity, shown, /was revoked/);
    assert.match(
      refusal.headers?.['WWW-Authenticate'] ?? '',
      /^Bearer error="invalid_token", error_description="the access token has been revoked"/,
    );
  });
}

test('the second of a revocation counts as before it, and a token without a date as oldest of all', async () => {
  const revoked = revocations();
  const { identity } = open({ revocations: revoked });
  const key: EpochKey = { kind: 'user', id: `${issuer} alice` };
  revoked.end(key, start * 1000 + 500);
  await refused(identity, show(`Bearer ${token({ iat: start })}`), /was revoked/);
  atOnce(identity, show(`Bearer ${token({ iat: start + 1 })}`));
  await refused(identity, show(`Bearer ${token({ iat: undefined })}`), /was revoked/);
});

test('our own tokens say the millisecond, and nobody else can', async () => {
  const revoked = revocations();
  revoked.end({ kind: 'user', id: `${issuer} alice` }, start * 1000 + 500);
  const later = show(`Bearer ${token({ iat_ms: start * 1000 + 501 })}`);
  const own = open({ revocations: revoked }, { tasks: true }).identity;
  assert.equal(atOnce(own, later).issuedAt, start * 1000 + 501);
  await refused(own, show(`Bearer ${token({ iat_ms: start * 1000 + 500 })}`), /was revoked/);
  for (const iat_ms of [start * 1000 + 1000, start * 1000 - 1, '1', null]) {
    await refused(own, show(`Bearer ${token({ iat_ms })}`), /`iat_ms`/);
  }
  await refused(open({ revocations: revoked }).identity, later, /was revoked/);
});

test('keys of our own authorization server count as soon as they are there, and no longer than that', async () => {
  const [old, next] = [testKey(), testKey()];
  let keys: readonly JsonObject[] = [{ ...old.jwk, kid: 'old' }];
  const { identity } = open({}, { jwks: () => keys });
  const claims = { iss: issuer, sub: 'alice', aud: url, client_id: 'vscode', iat: start, exp: start + 600 };
  const by = (key: typeof old, kid: string): Credentials =>
    show(`Bearer ${key.sign({ alg: 'ES256', typ: 'at+jwt', kid }, claims)}`);
  const [first, second] = [by(old, 'old'), by(next, 'next')];
  atOnce(identity, first);
  await refused(identity, second, /publishes no ES256 key/);
  keys = [
    { ...next.jwk, kid: 'next' },
    { ...old.jwk, kid: 'old' },
  ];
  atOnce(identity, first);
  atOnce(identity, second);
  keys = [{ ...next.jwk, kid: 'next' }];
  await refused(identity, first, /publishes no ES256 key/);
  atOnce(identity, second);
  keys = [];
  await refused(identity, second, /publishes no ES256 key/);
});
