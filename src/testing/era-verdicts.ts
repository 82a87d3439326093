import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseServerId, type ServerId } from '../model/server-id.ts';
import type { EraVerdict, EraVerdicts } from '../pipeline/ports.ts';

const verdict: EraVerdict = { era: 'legacy', transport: 'sse', at: 1_800_000_000_123 };

/** Registers the tests that every {@link EraVerdicts} must pass. `open` makes an empty one for each test. */
export function eraVerdictsContract(name: string, open: () => EraVerdicts): void {
  test(`${name}: knows nothing of a server that was never asked`, () => {
    assert.equal(open().recall(server('github')), undefined);
  });

  test(`${name}: gives back what it was told last, for that server alone`, () => {
    const verdicts = open();
    verdicts.remember(server('github'), { era: 'modern', transport: 'http', at: 1 });
    verdicts.remember(server('github'), verdict);
    verdicts.remember(server('files'), { era: 'modern', transport: 'stdio', at: 2 });
    assert.deepEqual(verdicts.recall(server('github')), verdict);
    assert.deepEqual(verdicts.recall(server('files')), { era: 'modern', transport: 'stdio', at: 2 });
    assert.equal(verdicts.recall(server('git')), undefined);
  });

  test(`${name}: a verdict does not change with the value it was made from or given out as`, () => {
    const verdicts = open();
    const told = { ...verdict };
    verdicts.remember(server('github'), told);
    told.at = 0;
    assert.deepEqual(verdicts.recall(server('github')), verdict);
  });
}

function server(text: string): ServerId {
  return parseServerId(text) ?? assert.fail(`\`${text}\` is no server id`);
}
