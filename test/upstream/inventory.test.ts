import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { JsonObject } from '../../src/model/json.ts';
import { json, type Leg, legTo, never, refusalOf, scopeOf, scripted, server } from './bench.ts';

const ends: (() => Promise<void>)[] = [];
after(async () => {
  for (const end of ends.reverse()) await end();
});

/** A leg to a server whose list has these pages. */
async function legToPages(
  page: (cursor: string | undefined) => JsonObject,
  limits: Parameters<typeof legTo>[1] = {},
): Promise<Leg> {
  const upstream = await scripted(({ res, message }) => {
    const { cursor } = message['params'] as JsonObject;
    json(res, message, { resultType: 'complete', ...page(cursor as string | undefined) });
  });
  const leg = legTo({ url: upstream.url }, limits);
  ends.push(upstream.close, leg.close);
  return leg;
}

test('all pages are joined, and the shortest time counts', async () => {
  const leg = await legToPages((cursor) =>
    cursor === undefined
      ? { tools: [{ name: 'a' }], nextCursor: '', ttlMs: 5_000 }
      : { tools: [{ name: 'b' }], ttlMs: 2_000 },
  );
  const listed = await leg.items(server, 'tool', scopeOf(), never);
  assert.deepEqual(listed, { items: [{ name: 'a' }, { name: 'b' }], ttlMs: 2_000 });
});

test('entries that a client must not use are left out, with a note', async () => {
  const mirrored = { type: 'number', 'x-mcp-header': 'X' };
  const leg = await legToPages(() => ({
    tools: [
      { name: 'good' },
      { title: 'nameless' },
      { name: '' },
      'no object',
      { name: 'good', description: 'again' },
      { name: 'bad-header', inputSchema: { type: 'object', properties: { n: mirrored } } },
    ],
  }));
  const listed = await leg.items(server, 'tool', scopeOf(), never);
  assert.deepEqual('items' in listed && listed.items, [{ name: 'good' }]);
  assert.equal(leg.logged.filter((line) => line.startsWith('list entry dropped')).length, 5);
});

test('a list without end is refused', async () => {
  const leg = await legToPages(() => ({ tools: [], nextCursor: 'more' }), { listPages: 5 });
  assert.match(refusalOf(await leg.items(server, 'tool', scopeOf(), never)).detail, /over 5 pages/);
});

test('an answer without the list is refused', async () => {
  const leg = await legToPages(() => ({ prompts: [] }));
  assert.match(refusalOf(await leg.items(server, 'tool', scopeOf(), never)).detail, /no `tools` list/);
});

test('a server that lacks the method has an empty list', async () => {
  const upstream = await scripted(({ res, message }) => {
    res.writeHead(404, { 'content-type': 'application/json' });
    res.end(
      JSON.stringify({ jsonrpc: '2.0', id: message['id'], error: { code: -32601, message: 'unknown' } }),
    );
  });
  const leg = legTo({ url: upstream.url });
  ends.push(upstream.close, leg.close);
  const listed = await leg.items(server, 'prompt', scopeOf(), never);
  assert.deepEqual('items' in listed && listed.items, []);
});
