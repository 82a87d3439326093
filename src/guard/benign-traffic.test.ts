import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import type { Call } from '../model/call.ts';
import type { JsonDocument, JsonObject, JsonValue } from '../model/json.ts';
import { createGuard } from './guard.ts';

/** Published agent traffic without attacks, kept beside the repository and not in it. */
const corpora = new URL('../../../shared/data/', import.meta.url);
const skip = existsSync(corpora) ? false : 'the traffic corpora are not on this machine';

interface Step {
  readonly tool: string;
  readonly args: JsonObject;
  readonly result: JsonValue;
}

const read = (path: string): string => readFileSync(new URL(path, corpora), 'utf8');
const lines = (path: string): readonly JsonObject[] =>
  read(path)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as JsonObject);
const stepsOf = (entry: JsonObject, member: string): readonly Step[] =>
  entry[member] as unknown as readonly Step[];
const userTasks = (path: string): readonly Step[] =>
  (JSON.parse(read(path)) as { user_tasks: readonly JsonObject[] }).user_tasks.flatMap((task) =>
    stepsOf(task, 'calls'),
  );

const sources: Readonly<Record<string, () => readonly Step[]>> = {
  'tau2 retail': () => lines('tau2_retail/benign.jsonl').flatMap((entry) => stepsOf(entry, 'steps')),
  'agentdojo workspace': () => userTasks('agentdojo/workspace.json'),
  'agentdojo banking': () => userTasks('agentdojo/banking.json'),
  'agentdyn shopping': () =>
    lines('agentdyn_runs/shopping.benign.jsonl').flatMap((entry) => stepsOf(entry, 'steps')),
};

const document = (value: JsonObject): JsonDocument => ({ bytes: Buffer.from(JSON.stringify(value)), value });

function call({ tool, args }: Step): Call {
  const params = { name: tool, arguments: args };
  return {
    params,
    mirrors: new Map(),
    document: document({ jsonrpc: '2.0', id: 1, method: 'tools/call', params }),
  } as Partial<Call> as Call;
}

function answer({ result }: Step): JsonDocument {
  const text = typeof result === 'string' ? result : JSON.stringify(result ?? null);
  return document({ jsonrpc: '2.0', id: 1, result: { content: [{ type: 'text', text }] } });
}

describe('honest traffic', { skip }, () => {
  const guard = createGuard();

  for (const [name, steps] of Object.entries(sources)) {
    it(`of ${name} is neither blocked nor changed`, (context) => {
      let calls = 0;
      let noted = 0;
      for (const step of steps()) {
        const findings = guard.call(call(step));
        assert.deepEqual(
          findings.filter(({ action }) => action === 'block'),
          [],
          step.tool,
        );
        const inspection = guard.message(answer(step));
        assert.equal(inspection.replacement, undefined, step.tool);
        noted += findings.length + inspection.findings.length;
        calls += 1;
      }
      assert.ok(calls > 0, 'the corpus holds no calls');
      context.diagnostic(`${calls} calls with their results, ${noted} findings noted`);
    });
  }
});
