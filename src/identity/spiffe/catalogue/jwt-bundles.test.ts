import assert from 'node:assert/strict';
import { test } from 'node:test';
import { status } from '@grpc/grpc-js';
import type { JsonObject } from '../../../model/json.ts';
import { TokenFailure } from '../../failure.ts';
import { endpointAddress } from '../endpoint-address.ts';
import { createJwtAuthority, type JwtAuthorityKey, svidClaims } from '../testing/jwt-authority.ts';
import { type Rig, startRig, until } from '../testing/rig.ts';
import { createWorkloadApiClient } from '../workload-api/client.ts';
import type { JWTSVIDRequest } from '../workload-api/workload-api-messages.ts';

const audience = 'conformance';

function accepts(rig: Rig, key: JwtAuthorityKey, sub = `${rig.own.id}/x`): boolean {
  return !(rig.workload.verifyJwtSvid(key.sign(svidClaims(sub, audience)), audience) instanceof TokenFailure);
}

/** Publishes our bundle, and others. */
function push(rig: Rig, keys: readonly JsonObject[], more: Readonly<Record<string, JsonObject>> = {}): void {
  rig.agent.setJwtBundles({ [rig.own.id]: { keys }, ...more });
}

test('JB-1 takes up a key that the agent adds', async (t) => {
  const rig = await startRig(t);
  const added = createJwtAuthority();
  assert.equal(accepts(rig, added), false);
  push(rig, [rig.own.jwt.jwk, added.jwk]);
  await until(() => accepts(rig, added));
});

test('JB-2 drops a key that the agent removes', async (t) => {
  const rig = await startRig(t);
  const [first, second] = [createJwtAuthority(), createJwtAuthority()];
  push(rig, [rig.own.jwt.jwk, first.jwk]);
  await until(() => accepts(rig, first));
  push(rig, [rig.own.jwt.jwk, second.jwk]);
  await until(() => accepts(rig, second));
  assert.equal(accepts(rig, first), false);
});

test('JB-3 drops a trust domain whose bundle the agent removes', async (t) => {
  const rig = await startRig(t);
  const sub = `${rig.fed.id}/x`;
  assert.equal(accepts(rig, rig.fed.jwt, sub), true);
  const barrier = createJwtAuthority();
  push(rig, [rig.own.jwt.jwk, barrier.jwk]);
  await until(() => accepts(rig, barrier));
  assert.equal(accepts(rig, rig.fed.jwt, sub), false);
});

test('JB-4 finds the key by `kid` among several', async (t) => {
  const rig = await startRig(t);
  const keys = [createJwtAuthority(), createJwtAuthority(), createJwtAuthority()] as const;
  push(
    rig,
    keys.map(({ jwk }) => jwk),
  );
  await until(() => accepts(rig, keys[2]));
  assert.equal(accepts(rig, keys[1]), true);
});

test('JB-5/x509-svid-use ignores a key for another kind of SVID', async (t) => {
  const rig = await startRig(t);
  const other = createJwtAuthority('ES256', { use: 'x509-svid' });
  const barrier = createJwtAuthority();
  push(rig, [rig.own.jwt.jwk, other.jwk, barrier.jwk]);
  await until(() => accepts(rig, barrier));
  assert.equal(accepts(rig, other), false);
});

test('JB-6 ignores a key of an unknown type, and keeps the others', async (t) => {
  const rig = await startRig(t);
  const added = createJwtAuthority();
  const unknown = { kty: 'XYZ', use: 'jwt-svid', kid: 'unknown', k: 'AQAB' };
  push(rig, [rig.own.jwt.jwk, unknown, added.jwk]);
  await until(() => accepts(rig, added));
  assert.equal(accepts(rig, rig.own.jwt), true);
});

test('JB-7 takes a bundle without keys as trust in nobody', async (t) => {
  const rig = await startRig(t);
  assert.equal(accepts(rig, rig.own.jwt), true);
  const third = createJwtAuthority();
  push(rig, [], { 'spiffe://third.example.org': { keys: [third.jwk] } });
  await until(() => accepts(rig, third, 'spiffe://third.example.org/x'));
  assert.equal(accepts(rig, rig.own.jwt), false);
});

test('JB-8 accepts a token of a federated trust domain by its own bundle', async (t) => {
  const rig = await startRig(t);
  assert.equal(accepts(rig, rig.fed.jwt, `${rig.fed.id}/x`), true);
  assert.equal(accepts(rig, rig.own.jwt, `${rig.fed.id}/x`), false);
});

/** Answers every call, and counts them. */
function serveTokens(rig: Rig, seconds = 300): { readonly requests: JWTSVIDRequest[] } {
  const requests: JWTSVIDRequest[] = [];
  const spiffeId = `${rig.own.id}/gateway`;
  rig.agent.setJwtSvid((request) => {
    requests.push(request);
    const exp = Math.floor(rig.clock.now() / 1000) + seconds;
    const svid = rig.own.jwt.sign({ sub: spiffeId, aud: request.audience, exp, jti: `${requests.length}` });
    return { svids: [{ spiffeId, svid }] };
  });
  return { requests };
}

test('JF-1 asks for the audience and gives the token of the agent', async (t) => {
  const rig = await startRig(t);
  const { requests } = serveTokens(rig);
  const token = await rig.workload.jwtSvid(audience);
  assert.deepEqual(requests[0]?.audience, [audience]);
  const verified = rig.workload.verifyJwtSvid(token, audience);
  assert.ok(!(verified instanceof TokenFailure));
  assert.equal(verified.id, `${rig.own.id}/gateway`);
});

test('JF-2 and JF-3 pass several audiences and a SPIFFE ID through unchanged', async (t) => {
  const rig = await startRig(t);
  const { requests } = serveTokens(rig);
  const client = createWorkloadApiClient(endpointAddress(rig.agent.address, {}));
  t.after(() => client.close());
  await client.jwtSvid(['one', 'two'], `${rig.own.id}/gateway`);
  assert.deepEqual(requests[0]?.audience, ['one', 'two']);
  assert.equal(requests[0]?.spiffeId, `${rig.own.id}/gateway`);
});

test('JF-4 rejects when the agent answers PermissionDenied, and gives no old token', async (t) => {
  const rig = await startRig(t);
  serveTokens(rig);
  await rig.workload.jwtSvid(audience);
  rig.agent.fail('FetchJWTSVID', status.PERMISSION_DENIED);
  rig.clock.advance(250_000);
  await assert.rejects(rig.workload.jwtSvid(audience), /has no identity for this process/);
  await assert.rejects(rig.workload.jwtSvid(audience), /has no identity for this process/);
});

test('a JWT-SVID is asked for once, by many at the same time and until it is worn by two thirds', async (t) => {
  const rig = await startRig(t);
  const { requests } = serveTokens(rig);
  const tokens = await Promise.all(Array.from({ length: 20 }, () => rig.workload.jwtSvid(audience)));
  assert.equal(new Set(tokens).size, 1);
  rig.clock.advance(150_000);
  assert.equal(await rig.workload.jwtSvid(audience), tokens[0]);
  assert.equal(requests.length, 1);
  rig.clock.advance(60_000);
  assert.notEqual(await rig.workload.jwtSvid(audience), tokens[0]);
  assert.equal(requests.length, 2);
  await rig.workload.jwtSvid('another');
  assert.deepEqual(requests.at(-1)?.audience, ['another']);
});

test('a JWT-SVID is used until its end while the agent is away, and not after it', async (t) => {
  const rig = await startRig(t);
  serveTokens(rig);
  const token = await rig.workload.jwtSvid(audience);
  await rig.agent.stop();
  rig.clock.advance(250_000);
  assert.equal(await rig.workload.jwtSvid(audience), token);
  rig.clock.advance(50_000);
  await assert.rejects(rig.workload.jwtSvid(audience), /does not answer/);
});
