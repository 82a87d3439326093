/** Uses the stores of a PostgreSQL database, to be run with `--disallow-code-generation-from-strings`. */
import { randomUUID } from 'node:crypto';
import process from 'node:process';
import type { TaskId } from '../../../src/model/task.ts';
import { openPostgresDocuments } from '../../../src/store/postgres/documents.ts';
import { openPostgresHotState } from '../../../src/store/postgres/hot-state.ts';

const url = process.env['DATABASE'] ?? '';
const clock = { now: () => Date.now() };
const state = await openPostgresHotState(url, clock);
const task = randomUUID() as string as TaskId;
const until = Date.now() + 60_000;
const nudged = new Promise<void>((resolve) => state.epochs.onBump(resolve));
const answers: unknown[] = [
  await state.replay.claim(task, until),
  await state.ledger.open({ task, ancestors: [], budget: { calls: 1 }, notAfter: until }),
  await state.ledger.take(task, { calls: 1, bytes: 1 }, Date.now()),
  (await state.ledger.state(task))?.left.calls,
  (await state.ledger.end(task, Date.now())).length,
  (await state.epochs.since(undefined)).bumps.some(({ key }) => key.id === task),
];
await nudged;
await state.close();
const documents = await openPostgresDocuments(url, clock);
answers.push(await documents.put(task, 'a', { value: {}, indexes: { b: 'c' } }, 'absent'));
answers.push((await documents.find(task, { index: { name: 'b', value: 'c' }, limit: 9 })).length);
answers.push(await documents.remove(task, 'a'));
await documents.close();
console.log(JSON.stringify(answers));
