import assert from 'node:assert/strict';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { after, test } from 'node:test';
import type { JsonObject } from '../../src/model/json.ts';
import { sseEvent } from '../../src/wire/sse.ts';
import { eventually } from '../eventually.ts';
import { callTool, type Leg, legTo, listenOn, never, refusalOf, resultOf, server } from './bench.ts';

const ends: (() => Promise<void>)[] = [];
after(async () => {
  for (const end of ends.reverse()) await end();
});

interface Script {
  readonly endpoint?: string;
  readonly onCall?: (message: JsonObject, say: (message: JsonObject) => void, res: ServerResponse) => void;
}

/** A server of 2024-11-05: one stream, and a URL for messages. */
async function legToScript({
  endpoint = '/messages?sessionId=1',
  onCall,
}: Script = {}): Promise<{ readonly leg: Leg; readonly seen: JsonObject[] }> {
  const seen: JsonObject[] = [];
  let stream: ServerResponse | undefined;
  const say = (message: JsonObject): void =>
    void stream?.write(sseEvent(JSON.stringify({ jsonrpc: '2.0', ...message })));
  const take = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    if (req.url === '/mcp') {
      if (req.method !== 'GET') return void res.writeHead(405).end();
      stream = res.writeHead(200, { 'content-type': 'text/event-stream' });
      return void res.write(sseEvent(endpoint, { event: 'endpoint' }));
    }
    const message = JSON.parse((await buffer(req)).toString()) as JsonObject;
    seen.push(message);
    res.writeHead(202).end();
    const id = message['id'] as number;
    if (message['method'] === 'initialize') {
      return say({
        id,
        result: { protocolVersion: '2024-11-05', capabilities: {}, serverInfo: { name: 's', version: '1' } },
      });
    }
    if (message['method'] !== 'tools/call') return;
    if (onCall === undefined) say({ id, result: { content: [] } });
    else onCall(message, say, stream as ServerResponse);
  };
  const listener: RequestListener = (req, res) => void take(req, res);
  const upstream = await listenOn(listener);
  const leg = legTo({ url: upstream.url });
  ends.push(upstream.close, leg.close);
  return { leg, seen };
}

test('the transport of 2024-11-05 is found out and spoken', async () => {
  const { leg, seen } = await legToScript();
  assert.equal(resultOf(await leg.relay(await callTool('t'), never))['resultType'], 'complete');
  const { era, transport } = leg.verdicts.kept.get(server) ?? {};
  assert.deepEqual([era, transport], ['legacy', 'sse']);
  assert.deepEqual(
    seen.map(({ method }) => method),
    ['initialize', 'notifications/initialized', 'tools/call'],
  );
});

test('an endpoint of another origin gets nothing', async () => {
  let visited = 0;
  const other = await listenOn((_req, res) => {
    visited++;
    res.end();
  });
  ends.push(other.close);
  const { leg } = await legToScript({ endpoint: other.url });
  assert.match(refusalOf(await leg.relay(await callTool('t'), never)).detail, /another origin/);
  assert.equal(visited, 0);
});

test('a stream that ends fails the calls that wait, and the next call begins a new one', async () => {
  let calls = 0;
  const { leg } = await legToScript({
    onCall: ({ id }, say, res) => {
      if (++calls === 1) res.end();
      else say({ id: id as number, result: { content: [] } });
    },
  });
  assert.match(refusalOf(await leg.relay(await callTool('t'), never)).detail, /stream ended/);
  resultOf(await leg.relay(await callTool('t'), never));
});

test('aborting a call tells the server', async () => {
  const { leg, seen } = await legToScript({ onCall: () => undefined });
  const caller = new AbortController();
  const reply = leg.relay(await callTool('t'), caller.signal);
  await eventually('the call', () => seen.at(-1)?.['method'] === 'tools/call');
  caller.abort();
  assert.equal(refusalOf(await reply).code, 'cancelled');
  await eventually('the cancellation', () => seen.at(-1)?.['method'] === 'notifications/cancelled');
});
