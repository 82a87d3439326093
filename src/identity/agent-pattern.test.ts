import assert from 'node:assert/strict';
import { test } from 'node:test';
import { matchesAgent } from './agent-pattern.ts';

test('an entry is about the client that it names', () => {
  assert.ok(matchesAgent('desktop', 'desktop'));
  assert.ok(matchesAgent('spiffe://company.com/agent/a', 'spiffe://company.com/agent/a'));
  assert.ok(matchesAgent('https://app.example/client.json', 'https://app.example/client.json'));
  assert.ok(!matchesAgent('desktop', 'desktop-2'));
  assert.ok(!matchesAgent('spiffe://company.com/agent/a', 'spiffe://company.com/agent/ab'));
});

test('a star at the end of a path stands for everything below it, and for nothing else', () => {
  assert.ok(matchesAgent('spiffe://company.com/agent/*', 'spiffe://company.com/agent/a/b'));
  assert.ok(matchesAgent('https://app.example/agents/*', 'https://app.example/agents/a.json'));
  for (const id of [
    'spiffe://company.com/agent',
    'spiffe://company.com.evil/agent/a',
    'spiffe://company.com/agents/a',
  ])
    assert.ok(!matchesAgent('spiffe://company.com/agent/*', id), id);
  for (const id of [
    'https://app.example/agents/',
    'https://app.example/agents.json',
    'https://app.example.evil/agents/a',
  ])
    assert.ok(!matchesAgent('https://app.example/agents/*', id), id);
  assert.ok(!matchesAgent('*', 'desktop'));
});

test('a path that climbs out again is not below', () => {
  for (const rest of ['../evil.json', 'a/../../evil.json', '%2e%2E/evil.json', './a'])
    assert.ok(!matchesAgent('https://app.example/agents/*', `https://app.example/agents/${rest}`), rest);
  assert.ok(!matchesAgent('spiffe://company.com/agent/*', 'spiffe://company.com/agent/../admin'));
});

test('what is no SPIFFE ID never passes for one', () => {
  assert.ok(!matchesAgent('spiffe://company.com/agent/*', 'spiffe://company.com/agent/a b'));
  assert.ok(!matchesAgent('spiffe://company.com/a b', 'spiffe://company.com/a b'));
});
