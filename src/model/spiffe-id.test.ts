import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  matchesSpiffePattern,
  parseSpiffeId,
  parseSpiffePattern,
  parseTrustDomain,
  parseTrustDomainId,
  type SpiffeId,
  trustDomainOf,
} from './spiffe-id.ts';

const longestPath = 'a'.repeat(2048 - 'spiffe://example.org/'.length);

for (const text of [
  'spiffe://example.org/agent',
  'spiffe://example.org/agent/code-refactor',
  'spiffe://a_b.c-1/A._-z9',
  'spiffe://example.org/...',
  `spiffe://${'d'.repeat(255)}/x`,
  `spiffe://example.org/${longestPath}`,
]) {
  test(`takes \`${text.slice(0, 60)}\` (${text.length} characters) as a SPIFFE ID`, () => {
    assert.equal(parseSpiffeId(text), text);
  });
}

/** SPIFFE-ID section 2: what each part may hold; section 2.3: at most 2048 bytes in all. */
const refused: Readonly<Record<string, string>> = {
  'the empty string': '',
  'another scheme': 'https://example.org/agent',
  'a capital in the scheme': 'SPIFFE://example.org/agent',
  'an empty trust domain': 'spiffe:///agent',
  'a capital in the trust domain': 'spiffe://Example.org/agent',
  'a port': 'spiffe://example.org:443/agent',
  'user information': 'spiffe://me@example.org/agent',
  'a trust domain of 256 characters': `spiffe://${'d'.repeat(256)}/x`,
  'a trust domain alone, which names no workload': 'spiffe://example.org',
  'a final slash': 'spiffe://example.org/agent/',
  'an empty segment': 'spiffe://example.org//agent',
  'a dot segment': 'spiffe://example.org/./agent',
  'a double dot segment': 'spiffe://example.org/a/../agent',
  'an escaped character': 'spiffe://example.org/a%2fb',
  'a query': 'spiffe://example.org/a?b',
  'a fragment': 'spiffe://example.org/a#b',
  'a letter beyond ASCII': 'spiffe://example.org/ä',
  'a final line feed': 'spiffe://example.org/a\n',
  'more than 2048 characters': `spiffe://example.org/${longestPath}a`,
};

for (const [what, text] of Object.entries(refused)) {
  test(`refuses a SPIFFE ID with ${what}`, () => {
    assert.equal(parseSpiffeId(text), undefined);
  });
}

test('reads the trust domain by name, by its SPIFFE ID, and out of the SPIFFE ID of a workload', () => {
  assert.equal(parseTrustDomain('example.org'), 'example.org');
  assert.equal(parseTrustDomainId('spiffe://example.org'), 'example.org');
  assert.equal(trustDomainOf('spiffe://example.org/agent/x' as SpiffeId), 'example.org');
});

for (const text of [
  '',
  'Example.org',
  'example.org/x',
  'example.org:1',
  'spiffe://example.org',
  'd'.repeat(256),
]) {
  test(`refuses \`${text.slice(0, 30)}\` as the name of a trust domain`, () => {
    assert.equal(parseTrustDomain(text), undefined);
  });
}

for (const text of [
  'example.org',
  'spiffe://example.org/',
  'spiffe://example.org/x',
  'https://example.org',
  '',
]) {
  test(`refuses \`${text}\` as the SPIFFE ID of a trust domain`, () => {
    assert.equal(parseTrustDomainId(text), undefined);
  });
}

/** Pattern, SPIFFE ID, whether the one stands for the other. */
const matches: readonly (readonly [string, string, boolean])[] = [
  ['spiffe://a.org/x', 'spiffe://a.org/x', true],
  ['spiffe://a.org/x', 'spiffe://a.org/x/y', false],
  ['spiffe://a.org/x', 'spiffe://b.org/x', false],
  ['spiffe://a.org/agent/*', 'spiffe://a.org/agent/one', true],
  ['spiffe://a.org/agent/*', 'spiffe://a.org/agent/one/two', true],
  ['spiffe://a.org/agent/*', 'spiffe://a.org/agent', false],
  ['spiffe://a.org/agent/*', 'spiffe://a.org/agents/one', false],
  ['spiffe://a.org/agent/*', 'spiffe://a.org.evil/agent/one', false],
  ['spiffe://a.org/*', 'spiffe://a.org/anything', true],
  ['spiffe://a.org/*', 'spiffe://a.org.evil/anything', false],
];

for (const [text, id, expected] of matches) {
  test(`the pattern \`${text}\` stands for \`${id}\`: ${String(expected)}`, () => {
    const pattern = parseSpiffePattern(text);
    const parsed = parseSpiffeId(id);
    assert.ok(pattern !== undefined && parsed !== undefined);
    assert.equal(matchesSpiffePattern(pattern, parsed), expected);
  });
}

for (const text of [
  '*',
  'spiffe://*',
  'spiffe://*/x',
  'spiffe://a.org/*/x',
  'spiffe://a.org/x*',
  'spiffe://a.org',
]) {
  test(`refuses the pattern \`${text}\``, () => {
    assert.equal(parseSpiffePattern(text), undefined);
  });
}
