/**
 * What the guard costs: nanoseconds for each byte of its first stage, and microseconds for whole messages, on honest
 * and on hostile texts. Times are the best of many rounds, so that other work on the machine disturbs them little.
 *
 * Usage: `node bench/scanner.ts`
 */

import { createGuard } from '../src/guard/guard.ts';
import { anchorsOf } from '../src/guard/secrets/anchors.ts';
import { secretFormats } from '../src/guard/secrets/formats.ts';
import { secretSearch } from '../src/guard/secrets/search.ts';
import type { Call } from '../src/model/call.ts';
import type { JsonDocument, JsonObject } from '../src/model/json.ts';

let state = 1;
function below(limit: number): number {
  state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
  return Math.floor((state / 0x80000000) * limit);
}
const pick = <T>(items: ArrayLike<T>): T => items[below(items.length)] as T;

function fill(size: number, next: () => string): string {
  let text = '';
  while (text.length < size) text += next();
  return text.slice(0, size);
}

const words =
  'the order was sent on Monday to a customer in Asia, task-force disk-based reports, a password reset, https://example.com/a?b=c "quoted"'.split(
    ' ',
  );
const base64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const anchors = anchorsOf(secretFormats).map(({ text }) => text);

const corpora: Readonly<Record<string, (size: number) => string>> = {
  prose: (size) => fill(size, () => `${pick(words)} `),
  'JSON text': (size) =>
    fill(size, () => `{"id": ${below(1e9)}, "name": "${pick(words).replaceAll('"', '')}"}\n`),
  'non-ASCII prose': (size) => fill(size, () => `${pick(['größe', '東京', 'naïve', 'дом', '✓'])} `),
  base64: (size) => fill(size, () => pick(base64)),
  hex: (size) => fill(size, () => pick('0123456789abcdef')),
  'same byte': (size) => fill(size, () => 'g'),
  'URLs without end': (size) => fill(size, () => '://a'),
  'image links': (size) => fill(size, () => '![a](https://h?x'),
  'anchors less a letter': (size) => fill(size, () => pick(anchors).slice(0, -1)),
  'whole anchors': (size) => fill(size, () => pick(anchors)),
  'key headers': (size) => fill(size, () => '-----BEGIN X '),
  'percent letters': (size) => fill(size, () => '%41'),
};

/** Nanoseconds of one run of `work`, the best of many rounds. */
function best(work: () => unknown, runs: number): number {
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 60; round++) {
    const start = process.hrtime.bigint();
    for (let run = 0; run < runs; run++) work();
    least = Math.min(least, Number(process.hrtime.bigint() - start) / runs);
  }
  return least;
}

const documentOf = (value: JsonObject): JsonDocument => ({
  bytes: Buffer.from(JSON.stringify(value)),
  value,
});
const resultOf = (text: string): JsonDocument =>
  documentOf({ jsonrpc: '2.0', id: 1, result: { content: [{ type: 'text', text }] } });

function callOf(text: string): Call {
  const params = {
    name: 'github:create_issue',
    arguments: { owner: 'acme', repo: 'blue-app', title: 'report', body: text },
    _meta: { progressToken: 7, traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01' },
  };
  return {
    params,
    document: documentOf({ jsonrpc: '2.0', id: 1, method: 'tools/call', params }),
    mirrors: new Map(),
  } as Partial<Call> as Call;
}

const guard = createGuard();
const { mayHold } = secretSearch(secretFormats);
const print = (...cells: readonly (string | number)[]): void => {
  const [first, ...rest] = cells;
  console.log(String(first).padEnd(24), ...rest.map((cell) => String(cell).padStart(13)));
};

const sizes = [1_000, 10_000, 100_000];
console.log('stage 1, ns/B: one pass over the bytes; it ends at the first confirmed anchor, marked *');
print('text', ...sizes.map((size) => `${size / 1000} KB`));
for (const [name, make] of Object.entries(corpora)) {
  const cells = sizes.map((size) => {
    const bytes = Buffer.from(make(size));
    const ended = mayHold(bytes) ? '*' : '';
    return `${(best(() => mayHold(bytes), Math.ceil(200_000 / size)) / bytes.length).toFixed(2)}${ended}`;
  });
  print(name, ...cells);
}

console.log('\nGuard.message on a result with that text, us (ns/B)');
print('text', ...sizes.map((size) => `${size / 1000} KB`));
for (const [name, make] of Object.entries(corpora)) {
  const cells = sizes.map((size) => {
    const message = resultOf(make(size));
    const cost = best(() => guard.message(message), Math.ceil(50_000 / size));
    return `${(cost / 1000).toFixed(1)} (${(cost / message.bytes.length).toFixed(1)})`;
  });
  print(name, ...cells);
}

console.log('\nGuard.call, us');
for (const length of [130, 1_000, 10_000]) {
  const honest = callOf(corpora['prose']?.(length).replaceAll('"', "'") ?? '');
  print(`${honest.document.bytes.length} B`, (best(() => guard.call(honest), 500) / 1000).toFixed(2));
}
