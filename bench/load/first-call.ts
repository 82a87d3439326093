import { openTask, type Task } from '../../src/task/index.ts';
import type { FirstCalls, Listening } from '../protocol.ts';
import { firstId, idDigits, requestBody, type Shape } from '../shapes.ts';

let nextId = firstId;

/** Opens so many tasks with the client library of the product, makes one call in each, and ends it untimed. */
export const firstCalls = async (target: Listening, shape: Shape, count: number): Promise<FirstCalls> => {
  const times = { discovery_ms: [] as number[], exchange_ms: [] as number[], call_ms: [] as number[] };
  for (let n = 0; n < count; n++) {
    const asked = performance.now();
    const { task, exchangedAt } = await open(target);
    const granted = performance.now();
    await call(task, target, shape);
    const done = performance.now();
    times.discovery_ms.push(exchangedAt - asked);
    times.exchange_ms.push(granted - exchangedAt);
    times.call_ms.push(done - granted);
    await task.end();
  }
  return times;
};

/** The owner's own program: its agent needs no configuration. Tells when the token endpoint was asked. */
const open = async ({ url, headers }: Listening): Promise<{ task: Task; exchangedAt: number }> => {
  let exchangedAt = Number.NaN;
  const task = await openTask({
    resource: url,
    subjectToken: (headers['Authorization'] ?? '').replace(/^Bearer /, ''),
    agent: 'local',
    fetch: (input, init) => {
      if (init?.method === 'POST') exchangedAt = performance.now();
      return fetch(input, init);
    },
  });
  return { task, exchangedAt };
};

const call = async (task: Task, { url, tool }: Listening, shape: Shape): Promise<void> => {
  const id = String(nextId++).padStart(idDigits, '0');
  const response = await task.fetch(url, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      Accept: 'application/json, text/event-stream',
      'MCP-Protocol-Version': '2026-07-28',
      'Mcp-Method': 'tools/call',
      'Mcp-Name': tool,
    },
    body: requestBody(shape, tool).replaceAll('#'.repeat(idDigits), id),
  });
  const text = await response.text();
  if (response.status === 200 && text.includes(`"id":${id}`) && !text.includes('"isError":true')) return;
  throw new Error(`the first call of a task was answered ${response.status}: ${text.slice(0, 300)}`);
};
