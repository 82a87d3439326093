import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readChallenges, tokenChallenge } from './www-authenticate.ts';

test('reads what a challenge of RFC 9728 and RFC 6750 says', () => {
  const header =
    'Bearer error="insufficient_scope", scope="files:read files:write", resource_metadata="https://a.example/.well-known/x"';
  assert.deepEqual(tokenChallenge(header), {
    error: 'insufficient_scope',
    scopes: ['files:read', 'files:write'],
    metadataUrl: 'https://a.example/.well-known/x',
  });
});

test('finds the challenge for tokens among others', () => {
  assert.equal(
    tokenChallenge('Basic realm="a, Bearer scope=x", DPoP error=use_dpop_nonce').error,
    'use_dpop_nonce',
  );
});

test('reads quoted pairs, tokens and spaces around `=`', () => {
  const [challenge] = readChallenges(String.raw`Bearer realm = "say \"hi\"" , scope=one`);
  assert.equal(challenge?.parameters.get('realm'), 'say "hi"');
  assert.equal(challenge?.parameters.get('scope'), 'one');
});

test('of a parameter that stands twice the first counts', () => {
  assert.deepEqual(tokenChallenge('Bearer scope="a", scope="b"').scopes, ['a']);
});

for (const header of ['', ',,,', '"', 'Bearer "', 'Bearer scope="unfinished', '=x', '\u0000', undefined]) {
  test(`does not stumble over ${JSON.stringify(header)}`, () => {
    assert.equal(tokenChallenge(header).error, undefined);
  });
}

test('reads a header without end in linear time', () => {
  const started = performance.now();
  readChallenges(`Bearer ${'a="\\"'.repeat(1_000_000)}`);
  assert.ok(performance.now() - started < 500);
});
