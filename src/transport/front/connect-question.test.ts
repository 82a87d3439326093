import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Call } from '../../model/call.ts';
import { connectionRequired } from '../../model/connect.ts';
import { type JsonObject, objectMember } from '../../model/json.ts';
import { testCall } from '../../testing/pipeline-ports.ts';
import { codecOf } from '../../wire/revisions.ts';
import { refusalAnswer } from './refusal-answer.ts';

const url = 'https://gw.example/connect/abc';
const refusal = connectionRequired({
  kind: 'connect',
  url,
  elicitationId: 'abc',
  message: 'Connect your account at `files`',
});
const canOpen = { elicitation: { url: {} } };

function callOf(method: Call['method'], capabilities: JsonObject, params: JsonObject = {}): Call {
  const call = testCall(method, { name: 'read', ...params });
  return { ...call, client: { ...call.client, capabilities } };
}

function answered(call: Call, revision?: string): JsonObject {
  const codec = revision === undefined ? undefined : codecOf(revision);
  const { status, document } = refusalAnswer({ refusal, decisionId: 'd', id: call.id, call, codec });
  assert.equal(status, 200);
  return document.value;
}

test('a modern client that can open an address is asked to', () => {
  const result = objectMember(answered(callOf('tools/call', canOpen)), 'result');
  assert.equal(result?.['resultType'], 'input_required');
  assert.deepEqual(result?.['inputRequests'], {
    'dev.bartizan/connect': {
      method: 'elicitation/create',
      params: { mode: 'url', message: 'Connect your account at `files`', url },
    },
  });
  assert.ok(!('requestState' in (result ?? {})));
});

test('the state of a running exchange with the upstream goes back to the client', () => {
  const result = objectMember(answered(callOf('tools/call', canOpen, { requestState: 'sealed' })), 'result');
  assert.equal(result?.['requestState'], 'sealed');
});

test('a user who declined is told the address and not asked again', () => {
  const inputResponses = { 'dev.bartizan/connect': { action: 'decline' } };
  const result = objectMember(answered(callOf('tools/call', canOpen, { inputResponses })), 'result');
  assert.equal(result?.['isError'], true);
  assert.match(JSON.stringify(result?.['content']), /https:\/\/gw\.example\/connect\/abc/);
});

test('a method that allows no question is refused with the address', () => {
  const error = objectMember(answered(callOf('tools/list', canOpen)), 'error');
  assert.equal(error?.['code'], 1015);
  assert.match(String(error?.['message']), /open https:\/\/gw\.example\/connect\/abc in a browser/);
  assert.equal(objectMember(error, 'data')?.['url'], url);
});

for (const capabilities of [{}, { elicitation: {} }, { elicitation: { form: {} } }]) {
  test(`a client that declared ${JSON.stringify(capabilities)} reads the address in the result of its tool`, () => {
    const result = objectMember(answered(callOf('tools/call', capabilities)), 'result');
    assert.equal(result?.['isError'], true);
    assert.match(
      JSON.stringify(result?.['content']),
      /open https:\/\/gw\.example\/connect\/abc in a browser/,
    );
  });
}

test('a client of 2025-11-25 is asked by its error -32042', () => {
  for (const method of ['tools/call', 'tools/list'] as const) {
    const error = objectMember(answered(callOf(method, canOpen), '2025-11-25'), 'error');
    assert.equal(error?.['code'], -32042);
    assert.deepEqual(objectMember(error, 'data')?.['elicitations'], [
      { mode: 'url', elicitationId: 'abc', url, message: 'Connect your account at `files`' },
    ]);
  }
});

test('a client of 2025-06-18 knows no such question', () => {
  const result = objectMember(answered(callOf('tools/call', canOpen), '2025-06-18'), 'result');
  assert.equal(result?.['isError'], true);
});
