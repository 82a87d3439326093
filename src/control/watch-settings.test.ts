import assert from 'node:assert/strict';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Loaded, loadSettings } from './load-settings.ts';
import { type WatchOrders, watchSettings } from './watch-settings.ts';

const good = (tag: string): string => `servers: { a: { command: x, tags: { tag: ${tag} } } }\n`;

interface Scene {
  readonly path: string;
  readonly loads: Loaded[];
  readonly errors: string[];
}

async function watched(t: TestContext, text: string, more: Partial<WatchOrders> = {}): Promise<Scene> {
  const directory = mkdtempSync(join(tmpdir(), 'bartizan-watch-'));
  const path = join(directory, 'bartizan.yaml');
  writeFileSync(path, text);
  writeFileSync(join(directory, 'p.cedar'), 'permit (principal, action, resource);');
  const ending = new AbortController();
  t.after(() => {
    ending.abort();
    rmSync(directory, { recursive: true });
  });
  const load = (): Promise<Loaded> => loadSettings(path, { env: {}, home: directory, cwd: directory });
  const scene: Scene = { path, loads: [], errors: [] };
  watchSettings({
    current: await load(),
    load,
    check: () => Promise.resolve([]),
    onLoad: (loaded) => Promise.resolve(void scene.loads.push(loaded)),
    onError: (error) => void scene.errors.push(error.message),
    reloadOnHangup: true,
    signal: ending.signal,
    ...more,
  });
  return scene;
}

async function until(happened: () => boolean): Promise<void> {
  for (let tries = 0; tries < 100 && !happened(); tries++) await sleep(20);
  assert.ok(happened(), 'it did not happen within two seconds');
}

const tagOf = (loaded: Loaded | undefined): string | undefined => loaded?.settings.servers[0]?.tags['tag'];

test('a changed file is taken over, also when an editor puts a new file in its place', async (t) => {
  const { path, loads, errors } = await watched(t, good('one'));
  writeFileSync(path, good('two'));
  await until(() => loads.length === 1);
  writeFileSync(`${path}.new`, good('three'));
  renameSync(`${path}.new`, path);
  await until(() => loads.length === 2);
  assert.deepEqual(loads.map(tagOf), ['two', 'three']);
  assert.notEqual(loads[0]?.hash, loads[1]?.hash);
  assert.deepEqual(errors, []);
});

test('a broken file is reported once and the last good configuration stays', async (t) => {
  const { path, loads, errors } = await watched(t, good('one'));
  writeFileSync(path, 'servers: [\n');
  await until(() => errors.length === 1);
  writeFileSync(`${path}.other`, 'something else in the directory');
  await sleep(300);
  assert.equal(errors.length, 1);
  assert.equal(loads.length, 0);
  writeFileSync(path, good('two'));
  await until(() => loads.length === 1);
});

test('what the check refuses is not handed over', async (t) => {
  const { path, loads, errors } = await watched(t, good('one'), {
    check: () => Promise.resolve(['p.cedar:1:1: wrong']),
  });
  writeFileSync(path, good('two'));
  await until(() => errors.length === 1);
  assert.deepEqual(errors, ['p.cedar:1:1: wrong']);
  assert.equal(loads.length, 0);
});

test('a configuration that cannot be taken into use leaves the old one current', async (t) => {
  let fails = true;
  const taken: string[] = [];
  const { path, errors } = await watched(t, good('one'), {
    onLoad: (loaded, before) => {
      if (fails) return Promise.reject(new Error('port is taken'));
      taken.push(`${tagOf(before)} to ${tagOf(loaded)}`);
      return Promise.resolve();
    },
  });
  writeFileSync(path, good('two'));
  await until(() => errors.length === 1);
  fails = false;
  writeFileSync(path, good('three'));
  await until(() => taken.length === 1);
  assert.deepEqual(taken, ['one to three']);
});

test('a changed policy is a changed configuration', async (t) => {
  const { path, loads } = await watched(t, `${good('one')}policy: { files: [p.cedar] }\n`);
  writeFileSync(path.replace('bartizan.yaml', 'p.cedar'), 'forbid (principal, action, resource);');
  await until(() => loads.length === 1);
  assert.match(loads[0]?.settings.policy.sources[0]?.text ?? '', /forbid/);
});

test('SIGHUP asks again and hears the reason again', async (t) => {
  const { path, errors } = await watched(t, good('one'));
  writeFileSync(path, 'servers: [\n');
  await until(() => errors.length === 1);
  process.kill(process.pid, 'SIGHUP');
  await until(() => errors.length === 2);
});
