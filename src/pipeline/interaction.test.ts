import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Call, Reply } from '../model/call.ts';
import { type JsonObject, objectMember } from '../model/json.ts';
import { Refusal } from '../model/refusal.ts';
import { testCall, testPorts, testReply, testSubject } from '../testing/pipeline-ports.ts';
import type { Forwarded } from './forward.ts';
import { checkInteraction } from './interaction.ts';

const ports = testPorts();
const declared = { elicitation: {}, sampling: {}, roots: {} };

function callOf(method: Call['method'], capabilities: JsonObject): Call {
  const call = testCall(method, { name: 'read', arguments: {} });
  return { ...call, client: { ...call.client, capabilities } };
}

function check(result: JsonObject, call = callOf('tools/call', declared)): Reply | Refusal {
  const state = { call, subject: testSubject() } as Forwarded;
  return checkInteraction(ports, state, testReply(call, { resultType: 'input_required', ...result }));
}

function ask(method: string): JsonObject {
  return { inputRequests: { one: { method, params: {} } } };
}

for (const [method, capability] of [
  ['elicitation/create', 'elicitation'],
  ['sampling/createMessage', 'sampling'],
  ['roots/list', 'roots'],
] as const) {
  test(`\`${method}\` passes to a client that declared ${capability}, and to no other`, () => {
    assert.ok(!(check(ask(method)) instanceof Refusal));
    const { [capability]: _, ...others } = { ...declared };
    const refused = check(ask(method), callOf('tools/call', others));
    assert.ok(refused instanceof Refusal);
    assert.equal(refused.code, 'missing_client_capability');
    assert.deepEqual(refused.data, { requiredCapabilities: { [capability]: {} } });
  });
}

test('an upstream cannot ask for a kind that the specification does not know', () => {
  for (const method of ['', 'tools/call', 'constructor', '__proto__', 'elicitation/delete']) {
    const refused = check(ask(method));
    assert.ok(refused instanceof Refusal, method);
    assert.equal(refused.code, 'upstream_failed');
  }
});

test('an entry that is no request is refused', () => {
  for (const entry of [null, 'elicitation/create', 7, [], {}]) {
    const refused = check({ inputRequests: { one: entry } });
    assert.ok(refused instanceof Refusal);
    assert.equal(refused.code, 'upstream_failed');
  }
});

test('one undeclared kind among declared ones refuses them all', () => {
  const both = { inputRequests: { a: { method: 'roots/list' }, b: { method: 'elicitation/create' } } };
  assert.ok(check(both, callOf('tools/call', { roots: {} })) instanceof Refusal);
});

test('a method that may not ask is refused', () => {
  const refused = check(ask('roots/list'), callOf('completion/complete', declared));
  assert.ok(refused instanceof Refusal);
  assert.equal(refused.code, 'upstream_failed');
});

test('the request state leaves sealed, and everything beside it unchanged', () => {
  const reply = check({ ...ask('roots/list'), requestState: 'secret of the upstream' });
  assert.ok(!(reply instanceof Refusal));
  const result = objectMember(reply.document.value, 'result');
  assert.notEqual(result?.['requestState'], 'secret of the upstream');
  assert.deepEqual(result?.['inputRequests'], ask('roots/list')['inputRequests']);
});

test('an answer that asks for nothing is let through as it is', () => {
  const call = callOf('tools/call', {});
  const reply = testReply(call, { content: [], requestState: 'untouched' });
  assert.equal(checkInteraction(ports, { call, subject: testSubject() } as Forwarded, reply), reply);
});

test('refuses input requests that are no object, beside a request state too', () => {
  const refused = check({ inputRequests: [{ method: 'sampling/createMessage' }], requestState: 's' });
  assert.ok(refused instanceof Refusal);
  assert.equal(refused.code, 'upstream_failed');
});

test('an upstream cannot ask in the name of the gateway', () => {
  const request = { method: 'elicitation/create', params: {} };
  const refused = check({ inputRequests: { 'dev.bartizan/connect': request } });
  assert.ok(refused instanceof Refusal);
  assert.equal(refused.code, 'upstream_failed');
});
