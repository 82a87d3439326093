import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Agent, fetch as fetchWith } from 'undici';
import { command } from './command.ts';
import { type Caller, connect } from './connect.ts';
import { type RealGateway, startGateway } from './gateway.ts';
import { freePort, type Program, startOnPort } from './program.ts';
import { reverseProxy } from './software.ts';

const limit = { timeout: 30_000 };
const name = 'mcp.company.test';
const everything = fileURLToPath(
  new URL('../../node_modules/@modelcontextprotocol/server-everything/dist/index.js', import.meta.url),
);
const folder = mkdtempSync(join(tmpdir(), 'bartizan-real-nginx-'));

let proxy: Program;
let gateway: RealGateway;
let agent: Agent;
/** Where nginx listens under its public name, under one that the gateway was told, and under one that it was not. */
let publicUrl: string;
let alias: string;
let stranger: string;
let caller: Caller;

before(async () => {
  const program = readFileSync(join(await reverseProxy.install(), 'program'), 'utf8');
  const [tls, plain] = [await freePort(), await freePort()];
  publicUrl = `https://${name}:${tls}`;
  alias = `https://old.company.test:${tls}`;
  stranger = `https://other.company.test:${tls}`;
  await makeCertificate();
  writeFileSync(join(folder, 'nginx.conf'), configuration(tls, plain));
  gateway = await startGateway({
    listen: { port: plain, publicUrl, allowedHosts: [new URL(alias).host] },
    servers: { everything: { command: process.execPath, args: [everything] } },
  });
  proxy = await startOnPort(tls, program, ['-p', folder, '-e', 'stderr', '-c', join(folder, 'nginx.conf')]);
  agent = throughTo(tls);
  caller = await connect(`${publicUrl}/mcp`, gateway.token, secureFetch);
});

after(async () => {
  await caller?.close();
  await agent?.close();
  await proxy?.stop();
  await gateway?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Every name of the company leads to nginx, whose certificate is trusted. */
function throughTo(tls: number): Agent {
  const ca = readFileSync(join(folder, 'certificate.pem'), 'utf8');
  return new Agent({
    connect: {
      ca,
      lookup: (_host, _options, done) => done(null, [{ address: '127.0.0.1', family: 4 }]),
      port: tls,
    },
  });
}

const secureFetch = ((url: string | URL, init?: object) =>
  fetchWith(url, { ...init, dispatcher: agent })) as unknown as typeof fetch;

async function makeCertificate(): Promise<void> {
  const names = `subjectAltName=DNS:${name},DNS:old.company.test,DNS:other.company.test`;
  const files = ['-keyout', join(folder, 'key.pem'), '-out', join(folder, 'certificate.pem')];
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  const args = ['req', '-x509', ...kind, '-subj', `/CN=${name}`, '-addext', names, ...files];
  await command('openssl', args, folder);
}

/** As people write it: nothing is said about buffering. */
function configuration(tls: number, plain: number): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((kind) => `${kind}_temp_path ${join(folder, kind)};`)
    .join(' ');
  return `daemon off; master_process off; pid ${join(folder, 'nginx.pid')};
events {}
http {
  access_log off; ${temporary}
  server {
    listen 127.0.0.1:${tls} ssl;
    ssl_certificate ${join(folder, 'certificate.pem')};
    ssl_certificate_key ${join(folder, 'key.pem')};
    location / {
      proxy_pass http://127.0.0.1:${plain};
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $http_host;
    }
  }
}`;
}

test('a client behind nginx lists and calls over TLS', limit, async () => {
  assert.ok((await caller.tools()).includes('everything__echo'));
  assert.match(await caller.call('everything__echo', { message: 'hello' }), /Echo: hello/);
});

test('progress passes nginx while the call runs, though nginx buffers by default', limit, async () => {
  const operation = {
    name: 'everything__trigger-long-running-operation',
    arguments: { duration: 3, steps: 3 },
  };
  const heard: number[] = [];
  await caller.sdk.callTool(operation, { onprogress: () => heard.push(performance.now()) });
  const [first] = heard;
  assert.ok(first !== undefined && heard.length >= 2);
  // The first of three steps comes two seconds before the end.
  assert.ok(performance.now() - first > 1_000, `all came within ${performance.now() - first} ms of the end`);
});

test('what the gateway says of itself names its public address', limit, async () => {
  const refused = await secureFetch(`${publicUrl}/mcp/everything`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream' },
    body: '{}',
  });
  assert.equal(refused.status, 401);
  const challenge = refused.headers.get('www-authenticate') ?? '';
  const metadata = /resource_metadata="([^"]+)"/.exec(challenge)?.[1];
  assert.equal(metadata, `${publicUrl}/.well-known/oauth-protected-resource/mcp/everything`);
  const document = (await (await secureFetch(metadata)).json()) as Record<string, unknown>;
  assert.equal(document['resource'], `${publicUrl}/mcp/everything`);
});

test('a further name counts when the gateway was told it, and no other', limit, async () => {
  const path = '/.well-known/oauth-protected-resource/mcp';
  assert.equal((await secureFetch(`${alias}${path}`)).status, 200);
  const refused = await secureFetch(`${stranger}${path}`);
  assert.equal(refused.status, 403);
  assert.match(await refused.text(), /host_not_allowed/);
});
