import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Call } from '../model/call.ts';
import type { AccessRequest } from '../model/decision.ts';
import type { JsonObject } from '../model/json.ts';
import { testArrival, testCall, testPorts } from '../testing/pipeline-ports.ts';
import { enforce } from './enforce.ts';

/** The arguments that the policy was told of. */
async function toldOf(method: Call['method'], params: JsonObject): Promise<AccessRequest['args']> {
  const told: AccessRequest['args'][] = [];
  const { catalog, policy } = testPorts();
  const ports = testPorts({
    catalog: { ...catalog, find: (primitive) => ({ primitive, item: {} }) as never },
    policy: {
      ...policy,
      decide: (request) => {
        told.push(request.args);
        return policy.decide(request);
      },
    },
  });
  await enforce(ports)(testArrival(testCall(method, params)), new AbortController().signal);
  assert.equal(told.length, 1);
  return told[0];
}

const path = { path: '/public/a' };

test('the policy is told of the arguments of tools and prompts', async () => {
  assert.deepEqual(await toldOf('tools/call', { name: 'read', arguments: path }), path);
  assert.deepEqual(await toldOf('prompts/get', { name: 'ask', arguments: path }), path);
});

test('what is called arguments in other requests decides nothing', async () => {
  assert.deepEqual(await toldOf('resources/read', { uri: 'file:///secret', arguments: path }), {});
  const ref = { type: 'ref/prompt', name: 'ask' };
  assert.deepEqual(await toldOf('completion/complete', { ref, arguments: path }), {});
});
