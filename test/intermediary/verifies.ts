import { type TestContext, test } from 'node:test';
import { requirements } from './requirements.ts';

/** How a test that cites requirements runs. */
export interface Verifying {
  /** The defect that keeps the promise from holding yet. */
  readonly todo?: string;
  /** What the machine lacks for this test. */
  readonly skip?: string | false;
}

const known = new Set(requirements.map(({ id }) => id));

/** Registers a test of one or more requirements; its name begins with their ids. */
export function verifies(
  ids: string | readonly string[],
  promise: string,
  run: (t: TestContext) => Promise<void> | void,
  options: Verifying = {},
): void {
  const cited = [ids].flat();
  const unknown = cited.find((id) => !known.has(id));
  if (unknown !== undefined) throw new Error(`\`${unknown}\` is not in requirements.ts`);
  test(`${cited.join(', ')}: ${promise}`, { timeout: 30_000, ...options }, run);
}
