import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { post, send } from './moves.ts';
import { openStage, type Stage } from './stage.ts';

const stage: Stage = await openStage({ after });

test('strangers that are refused beside MCP without end do not fill the log: they are counted', async () => {
  const began = performance.now();
  const requests = 1_300;
  for (let sent = 0; sent < requests; sent += 50) {
    const batch = Array.from({ length: 50 }, () => send(`${stage.url}/tasks`, { method: 'GET' }));
    assert.ok((await Promise.all(batch)).every(({ status }) => status === 401));
  }
  await new Promise((resolve) => setTimeout(resolve, 100));
  await post(`${stage.issuer}/token`, { grant_type: 'client_credentials', client_id: 'x'.repeat(20_000) });
  await new Promise((resolve) => setTimeout(resolve, 100));
  const refilled = ((performance.now() - began) / 1_000) * 20;
  const records = await stage.records();
  const told = records.filter(({ event }) => event === 'task page refused').length;
  assert.ok(told >= 1_000 && told <= 1_000 + refilled, `${told} records after ${refilled} were refilled`);
  const counts = records.filter(({ event }) => event === 'refusals counted');
  const counted = counts.reduce((sum, { facts }) => sum + Number((facts as { count: string }).count), 0);
  assert.equal(told + counted, requests);
  const last = JSON.stringify(records.findLast(({ event }) => event === 'request refused'));
  assert.match(last, /"client":"x+…"/);
  assert.ok(last.length < 4_096);
});
