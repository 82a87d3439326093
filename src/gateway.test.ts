import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Gateway, StartOptions } from './control/gateway-contract.ts';
import { loadSettings } from './control/load-settings.ts';
import type { Settings } from './control/settings.ts';
import { startGateway } from './gateway.ts';
import { refuse } from './model/refusal.ts';

const issuers = [{ issuer: 'https://idp.example' }];

test('a reload that switches the owner off ends the tokens that the owner holds', async (t) => {
  const { gateway, settingsWith } = await started(t, {});
  const token = gateway.token?.value ?? '';
  assert.notEqual(await statusWith(gateway, token), 401);

  await gateway.reload(await settingsWith({ identity: { owner: { enabled: false }, issuers } }));
  assert.equal(await statusWith(gateway, token), 401);

  await gateway.reload(await settingsWith({}));
  assert.notEqual(await statusWith(gateway, token), 401);
});

test('the metadata of a resource names the issuers of the present configuration', async (t) => {
  const { gateway, settingsWith } = await started(t, {});
  assert.deepEqual((await metadata(gateway))['authorization_servers'], [`${gateway.url}/as`]);
  await gateway.reload(await settingsWith({ identity: { issuers, scopes: ['mcp'] } }));
  const { authorization_servers: servers, scopes_supported: scopes } = await metadata(gateway);
  assert.deepEqual([servers, scopes], [['https://idp.example', `${gateway.url}/as`], ['mcp']]);
});

test('who cannot log in here is not sent here, and a switched-off owner is nobody', async (t) => {
  const { gateway, settingsWith } = await started(t, {});
  assert.match((await gateway.setupLink()) ?? '', /\/as\/setup/);
  await gateway.reload(await settingsWith({ identity: { owner: { enabled: false }, issuers } }));
  assert.deepEqual((await metadata(gateway))['authorization_servers'], ['https://idp.example']);
  assert.equal(await gateway.setupLink(), undefined);
});

test('settings that a running gateway cannot change are refused, and nothing of them is taken', async (t) => {
  const { gateway, settingsWith } = await started(t, {});
  const next = await settingsWith({ identity: { issuers }, limits: { callSeconds: 5 } });
  await assert.rejects(gateway.reload(next), /`limits` cannot change while the gateway runs/);
  assert.deepEqual((await metadata(gateway))['authorization_servers'], [`${gateway.url}/as`]);
});

test('a gateway whose address is taken rejects, and lets go of its log and its state', async (t) => {
  const { gateway, settingsWith } = await started(t, {});
  const port = Number(new URL(gateway.url).port);
  const state = { directory: './other' };
  await assert.rejects(startGateway(await settingsWith({ listen: { port }, state })), { code: 'EADDRINUSE' });
  const second = await startGateway(await settingsWith({ state }));
  await second.stop();
});

test("an adapter of the embedder takes the place of the gateway's own", async (t) => {
  const stranger = refuse('token_invalid', 'nobody is known here');
  const { gateway } = await started(t, {}, { adapters: { identity: { identify: () => stranger } } });
  assert.equal(await statusWith(gateway, gateway.token?.value ?? ''), 401);
});

interface Started {
  readonly gateway: Gateway;
  /** Settings that differ from the first ones in these members alone. */
  readonly settingsWith: (change: object) => Promise<Settings>;
}

async function started(t: TestContext, change: object, options: StartOptions = {}): Promise<Started> {
  const directory = await mkdtemp(join(tmpdir(), 'bartizan-gateway-'));
  const path = join(directory, 'bartizan.yaml');
  const settingsWith = async (more: object): Promise<Settings> => {
    const tree = {
      listen: { port: 0 },
      servers: { nobody: { url: 'http://127.0.0.1:9/mcp', transport: 'http', era: 'modern' } },
      state: { directory: './state' },
      ...more,
    };
    await writeFile(path, JSON.stringify(tree));
    return (await loadSettings(path)).settings;
  };
  const gateway = await startGateway(await settingsWith(change), options);
  t.after(async () => {
    await gateway.stop();
    await rm(directory, { recursive: true, force: true });
  });
  return { gateway, settingsWith };
}

/** The status of a request that every known caller is answered. */
async function statusWith({ url }: Gateway, token: string): Promise<number> {
  const version = '2026-07-28';
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': version,
    'io.modelcontextprotocol/clientCapabilities': {},
  };
  const answer = await fetch(`${url}/mcp`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': version,
      'mcp-method': 'tools/list',
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: { _meta } }),
  });
  await answer.body?.cancel();
  return answer.status;
}

async function metadata({ url }: Gateway): Promise<Record<string, unknown>> {
  const answer = await fetch(`${url}/.well-known/oauth-protected-resource/mcp`);
  return (await answer.json()) as Record<string, unknown>;
}
