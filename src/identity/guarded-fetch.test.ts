import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { guardedFetch } from './guarded-fetch.ts';

async function serve(t: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const loose = guardedFetch({ allowLoopback: true });

test('refuses what is not https, holds a password, or is not on the Internet, before it connects', async () => {
  const guarded = guardedFetch({ resolve: () => Promise.resolve(['127.0.0.1']) });
  await assert.rejects(guarded('http://example.com/'), /does not begin with https/);
  await assert.rejects(guarded('https://user:secret@example.com/'), /password/);
  await assert.rejects(guarded('https://127.0.0.1/'), /not on the public Internet/);
  await assert.rejects(guarded('https://169.254.169.254/latest'), /not on the public Internet/);
  await assert.rejects(guarded('https://[fe80::1]/'), /not on the public Internet/);
  await assert.rejects(guarded('https://inside.example/'), /not on the public Internet/);
  await assert.rejects(guarded('ftp://example.com/'), /does not begin with https/);
});

test('its errors tell no secret of the URL', async () => {
  const error: unknown = await guardedFetch()('https://user:secret@example.com/?token=hush').catch(
    (caught: unknown) => caught,
  );
  assert.ok(error instanceof TypeError);
  assert.doesNotMatch(error.message, /secret|hush/);
});

test('one private address among those of a name is enough to refuse', async () => {
  const guarded = guardedFetch({ resolve: () => Promise.resolve(['93.184.216.34', '10.0.0.1']) });
  await assert.rejects(guarded('https://both.example/'), /not on the public Internet/);
});

test('the connection goes to the address that was judged, whatever the name means a moment later', async (t) => {
  const origin = await serve(t, (request, response) => response.end(request.headers.host));
  const answers = [['127.0.0.1'], ['10.0.0.1']];
  const guarded = guardedFetch({
    allowLoopback: true,
    resolve: () => Promise.resolve(answers.shift() ?? []),
  });
  const { port } = new URL(origin);
  const response = await guarded(`http://rebinding.example:${port}/`);
  assert.equal(await response.text(), `rebinding.example:${port}`);
  assert.equal(answers.length, 1);
});

test('sends method, headers and body as asked, and answers status and headers as they came', async (t) => {
  const origin = await serve(t, (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      response.writeHead(201, { 'x-method': request.method, 'x-type': request.headers['content-type'] });
      response.end(Buffer.concat(chunks));
    });
  });
  const response = await loose(origin, { method: 'POST', body: new URLSearchParams({ a: 'b c' }) });
  assert.equal(response.status, 201);
  assert.equal(response.headers.get('x-method'), 'POST');
  assert.match(response.headers.get('x-type') ?? '', /x-www-form-urlencoded/);
  assert.equal(await response.text(), 'a=b+c');
});

test('follows no redirect: an error, or the redirect itself where that was asked for', async (t) => {
  const asked: (string | undefined)[] = [];
  const origin = await serve(t, ({ url }, response) => {
    asked.push(url);
    response.writeHead(302, { location: '/elsewhere' }).end();
  });
  await assert.rejects(loose(`${origin}/a`), /redirects are not followed/);
  const response = await loose(`${origin}/b`, { redirect: 'manual' });
  assert.equal(response.status, 302);
  assert.deepEqual(asked, ['/a', '/b']);
});

test('what the operator configured may have a private address, and http: on loopback alone', async (t) => {
  const origin = await serve(t, (_request, response) => response.end('here'));
  const resolve = async (): Promise<readonly string[]> => ['10.1.2.3'];
  const known = guardedFetch({
    origins: new Set([origin, 'https://inside.example', 'http://inside.example']),
  });
  assert.equal(await (await known(`${origin}/a`)).text(), 'here');
  const inside = guardedFetch({ origins: new Set(['https://inside.example']), resolve, timeoutMs: 300 });
  await assert.rejects(inside('https://inside.example/'), /cannot be fetched|timeout/);
  await assert.rejects(inside('https://other.example/'), /not on the public Internet/);
  const plain = guardedFetch({ origins: new Set(['http://inside.example']), resolve });
  await assert.rejects(plain('http://inside.example/'), /not on the public Internet/);
  await assert.rejects(known(origin.replace(/\d+$/, '1')), /does not begin with https/);
});

test('an answer that is too large or too slow is an error', async (t) => {
  const origin = await serve(t, ({ url }, response) => {
    if (url === '/large') response.end('x'.repeat(2_000));
    else if (url === '/slow-body') response.write('x');
  });
  const tight = guardedFetch({ allowLoopback: true, maxBytes: 1_000, timeoutMs: 200 });
  await assert.rejects(tight(`${origin}/large`), /larger than 1000 bytes/);
  await assert.rejects(tight(`${origin}/slow`));
  await assert.rejects(tight(`${origin}/slow-body`));
});

test('a connection pool of the caller does not go around the guard', async () => {
  const dispatched: unknown[] = [];
  const init = { dispatcher: { dispatch: (options: unknown) => dispatched.push(options) } };
  await assert.rejects(guardedFetch()('https://127.0.0.1/', init as object), /public Internet/);
  assert.deepEqual(dispatched, []);
});
