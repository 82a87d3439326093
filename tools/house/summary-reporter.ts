import type { TestEvent } from 'node:test/reporters';

/** What one test file came to, as the reporter writes it: one JSON line per event that counts. */
export type SummaryLine =
  | { readonly kind: 'skipped'; readonly name: string; readonly reason: string }
  | { readonly kind: 'said'; readonly text: string }
  | { readonly kind: 'counts'; readonly passed: number; readonly failed: number; readonly skipped: number };

/**
 * A reporter for `node --test` whose output is counted, so that what a test prints cannot be taken for a result.
 * Node loads it by its default export.
 */
// biome-ignore lint/style/noDefaultExport: `--test-reporter` takes a module's default export and nothing else
export default async function* summary(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  for await (const event of source) {
    // For a file without tests Node reports one test of the file's own name; that is nothing to count.
    if (event.type === 'test:enqueue' && event.data.file?.endsWith(event.data.name)) return;
    const line = toLine(event);
    if (line !== undefined) yield `${JSON.stringify(line)}\n`;
  }
}

/** What Node itself says at the end of a file. */
const ofNode = /^(?:tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) \d/;

function toLine(event: TestEvent): SummaryLine | undefined {
  if (event.type === 'test:pass' && event.data.skip !== undefined)
    return { kind: 'skipped', name: event.data.name, reason: String(event.data.skip) };
  if (event.type === 'test:diagnostic' && !ofNode.test(event.data.message))
    return { kind: 'said', text: event.data.message };
  if (event.type !== 'test:summary') return undefined;
  const { tests, passed, skipped, todo } = event.data.counts;
  // Whatever did not pass has failed, cancelled tests among them; only a declared skip or to-do has not.
  return { kind: 'counts', passed, failed: tests - passed - skipped - todo, skipped };
}
