import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingHttpHeaders } from 'node:http';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { startBearerShim } from './bearer-shim.ts';

test("adds the token and translates the shim's own address", async () => {
  const seen = await seenBehindShim((url) => ({ host: url.host, origin: url.origin }));
  assert.equal(seen.headers.authorization, 'Bearer secret');
  assert.equal(seen.headers.host, seen.targetHost);
  assert.equal(seen.headers.origin, `http://${seen.targetHost}`);
});

test('lets a foreign host and origin through as they came', async () => {
  const seen = await seenBehindShim(() => ({ host: 'evil.example.com', origin: 'http://evil.example.com' }));
  assert.equal(seen.headers.host, 'evil.example.com');
  assert.equal(seen.headers.origin, 'http://evil.example.com');
});

test('passes on that the caller went away', async () => {
  const { target, targetHost } = await startTarget();
  const gone = new Promise<void>((resolve) => {
    target.on('request', (_req, res) => {
      res.flushHeaders();
      res.on('close', resolve);
    });
  });
  const shim = await startBearerShim(`http://${targetHost}/mcp`, 'secret');
  const call = request(shim.url, { method: 'POST' });
  call.on('error', () => {});
  call.end();
  await once(call, 'response');
  call.destroy();
  await gone;
  await shim.stop();
  target.close();
});

async function seenBehindShim(
  headersFor: (shim: URL) => Record<string, string>,
): Promise<{ headers: IncomingHttpHeaders; targetHost: string }> {
  const { target, targetHost } = await startTarget();
  const seen = once(target, 'request');
  target.on('request', (_req, res) => res.end());
  const shim = await startBearerShim(`http://${targetHost}/mcp`, 'secret');
  const call = request(shim.url, { method: 'POST', headers: headersFor(new URL(shim.url)) });
  call.end();
  const [req] = await seen;
  await once(call, 'response');
  await shim.stop();
  target.close();
  return { headers: req.headers, targetHost };
}

async function startTarget(): Promise<{ target: ReturnType<typeof createServer>; targetHost: string }> {
  const target = createServer();
  target.listen(0, '127.0.0.1');
  await once(target, 'listening');
  return { target, targetHost: `127.0.0.1:${(target.address() as AddressInfo).port}` };
}
