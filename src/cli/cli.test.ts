import assert from 'node:assert/strict';
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('./main.ts', import.meta.url));

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function home(t: TestContext, config?: string): string {
  const directory = mkdtempSync(join(tmpdir(), 'bartizan-cli-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  if (config !== undefined) writeFileSync(join(directory, 'bartizan.yaml'), config);
  return directory;
}

function start(directory: string, args: readonly string[]): ChildProcessWithoutNullStreams {
  const env = {
    PATH: process.env['PATH'],
    HOME: directory,
    BARTIZAN_HOME: join(directory, 'state'),
    NO_COLOR: '1',
    SECRET: 'shh',
  };
  return spawn(process.execPath, [main, ...args], { cwd: directory, env });
}

async function ended(child: ChildProcessWithoutNullStreams): Promise<Ended> {
  const texts = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    texts.out += part;
  });
  child.stderr.setEncoding('utf8').on('data', (part: string) => {
    texts.err += part;
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, ...texts };
}

const run = (directory: string, ...args: readonly string[]): Promise<Ended> => ended(start(directory, args));

const one = `servers: { a: { url: "http://127.0.0.1:9/mcp", headers: { Authorization: "Bearer \${SECRET}", X: abc } } }\n`;

test('help goes to standard output, names every group of settings and exits 0', async (t) => {
  const { code, out } = await run(home(t), '--help');
  assert.equal(code, 0);
  for (const group of 'listen servers mcpServers resources identity policy guard audit state limits'.split(
    ' ',
  ))
    assert.match(out, new RegExp(String.raw`\b${group}\b`));
  assert.match(out, /docs\/configuration\.md/);
});

test('a mistyped command exits 2 and says what was meant, on standard error alone', async (t) => {
  const { code, out, err } = await run(home(t), 'validat');
  assert.deepEqual([code, out], [2, '']);
  assert.match(err, /Did you mean validate\?/);
});

test('a missing configuration exits 2 and says how to name one', async (t) => {
  const { code, err } = await run(home(t), 'up');
  assert.equal(code, 2);
  assert.match(err, /bartizan\.yaml:1:1: there is no such file; name one with `--config`/);
});

test('validate exits 0 for a good configuration and 2 with every problem for a bad one', async (t) => {
  const good = await run(home(t, one), 'validate', '--json');
  assert.equal(good.code, 0);
  assert.deepEqual(JSON.parse(good.out), { ok: true, problems: [], warnings: [] });
  const bad = await run(home(t, 'listen: { prot: 1 }\nguard: { secrets: x }\n'), 'validate', '--json');
  assert.equal(bad.code, 2);
  const { ok, problems } = JSON.parse(bad.out);
  assert.equal(ok, false);
  assert.equal(problems.length, 2);
  assert.match(problems[0], /^bartizan\.yaml:1:11: .*did you mean `port`\?/);
});

test('validate reads the policies too', async (t) => {
  const directory = home(t, `${one}policy: { files: [p.cedar] }\n`);
  writeFileSync(
    join(directory, 'p.cedar'),
    'permit (principal, action, resource)\nwhen { context.user.rolls == 1 };\n',
  );
  const { code, err } = await run(directory, 'validate');
  assert.equal(code, 2);
  assert.match(err, /p\.cedar:2:\d+: .*did you mean `context\.user\.roles`/);
});

test('a server whose program is not there is a warning that names it', async (t) => {
  const config = 'servers: { gone: { command: no-such-program }, here: { command: node } }\n';
  const { code, out } = await run(home(t, config), 'validate', '--json');
  assert.equal(code, 0);
  const { warnings } = JSON.parse(out);
  assert.equal(warnings.length, 1);
  assert.match(warnings[0], /`gone` cannot start: there is no program `no-such-program`/);
});

test('config print shows references, never what they stand for, and masks what is written out', async (t) => {
  const { code, out } = await run(home(t, one), 'config', 'print');
  assert.equal(code, 0);
  assert.match(out, /Authorization: Bearer \$\{SECRET\}/);
  assert.match(out, /X: "?\*{8}/);
  assert.doesNotMatch(out, /shh|abc/);
});

test('config schema prints the published schema', async (t) => {
  const { out } = await run(home(t), 'config', 'schema');
  assert.equal(out, readFileSync(new URL('../../schema/bartizan.schema.json', import.meta.url), 'utf8'));
});

test('the quickstart is a valid configuration', async (t) => {
  const config = fileURLToPath(new URL('../../examples/quickstart/bartizan.yaml', import.meta.url));
  const { code, err } = await run(home(t), 'validate', '--config', config);
  assert.equal(code, 0, err);
  assert.match(err, /3 servers, 1 policy file/);
});

function post(url: string): Promise<Response> {
  const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
  return fetch(url, { method: 'POST', headers, body: '{"jsonrpc":"2.0","id":1,"method":"ping"}' });
}

async function listening(
  child: ChildProcessWithoutNullStreams,
): Promise<{ url: string; token: string; endpoints: object }> {
  for await (const line of createInterface({ input: child.stdout })) return JSON.parse(line);
  throw new Error('the gateway said nothing');
}

for (const signal of ['SIGINT', 'SIGTERM'] as const)
  test(`up says where it listens, other commands find it, and ${signal} ends it with 0`, async (t) => {
    const directory = home(t, one);
    const gateway = start(directory, ['up', '--port', '0', '--json']);
    t.after(() => gateway.kill('SIGKILL'));
    const exited = new Promise<number | null>((resolve) => gateway.once('exit', resolve));
    const { url, token, endpoints } = await listening(gateway);
    assert.deepEqual(endpoints, { a: `${url}/mcp/a` });
    const file = join(directory, 'state', 'owner.token');
    assert.equal(readFileSync(file, 'utf8').trim(), token);
    assert.equal(statSync(file).mode & 0o077, 0);
    assert.deepEqual(await flagsOf(gateway.pid), [true, true]);
    assert.equal((await post(`${url}/mcp`)).status, 401);

    const status = await run(directory, 'status', '--json');
    assert.equal(JSON.parse(status.out).url, url);
    const issued = await run(directory, 'token', '--minutes', '5', '--json');
    assert.equal(JSON.parse(issued.out).resource, url);

    gateway.kill(signal);
    gateway.kill(signal);
    assert.equal(await exited, 0);
    assert.ok(!existsSync(file));
    assert.equal((await run(directory, 'status')).code, 1);
    const log = await run(directory, 'audit', 'tail', '--json');
    assert.equal(log.code, 0);
    assert.ok(
      log.out
        .trim()
        .split('\n')
        .every((line) => 'kind' in JSON.parse(line)),
    );
  });

/** Whether the process that was started without flags runs with them now; /proc tells it on Linux. */
async function flagsOf(pid: number | undefined): Promise<readonly boolean[]> {
  if (process.platform !== 'linux') return [true, true];
  const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  return [
    '--disallow-code-generation-from-strings',
    '--enable-experimental-regexp-engine-on-excessive-backtracks',
  ].map((flag) => line.includes(flag));
}

test('up on a port that is taken exits 3 and names the mend', async (t) => {
  const directory = home(t, one);
  const first = start(directory, ['up', '--port', '0', '--json']);
  t.after(() => first.kill('SIGKILL'));
  const { url } = await listening(first);
  const { code, err } = await run(home(t, one), 'up', '--port', new URL(url).port);
  assert.equal(code, 3);
  assert.match(err, /is taken by another program.*--port/);
});

test('status, token and audit tail find the gateway that runs, from a directory without a configuration', async (t) => {
  const directory = home(t, one);
  const gateway = start(directory, ['up', '--port', '0', '--json']);
  t.after(() => gateway.kill('SIGKILL'));
  const { url } = await listening(gateway);
  const elsewhere = home(t);
  const runThere = (...args: readonly string[]): Promise<Ended> =>
    ended(
      spawn(process.execPath, [main, ...args], {
        cwd: elsewhere,
        env: {
          PATH: process.env['PATH'],
          HOME: elsewhere,
          BARTIZAN_HOME: join(directory, 'state'),
          SECRET: 'shh',
        },
      }),
    );
  assert.equal(JSON.parse((await runThere('status', '--json')).out).url, url);
  assert.equal(JSON.parse((await runThere('token', '--json')).out).resource, url);
  assert.match((await runThere('audit', 'tail')).out, /gateway started/);
  gateway.kill('SIGTERM');
  await new Promise((resolve) => gateway.once('exit', resolve));
  assert.equal((await runThere('status')).code, 1);
});

test('--host is held to the rules of listen.host', async (t) => {
  const { code, err } = await run(home(t, one), 'up', '--host', '0.0.0.0');
  assert.equal(code, 2);
  assert.match(err, /needs `identity\.issuers`/);
});

test('the start screen has an entry for every client and no secret of an upstream', async (t) => {
  const gateway = start(home(t, one), ['up', '--port', '0']);
  let err = '';
  gateway.stderr.setEncoding('utf8').on('data', (part: string) => {
    err += part;
    if (err.includes('Ctrl-C stops everything')) gateway.kill('SIGTERM');
  });
  assert.equal(await new Promise((resolve) => gateway.once('close', resolve)), 0);
  for (const client of ['Claude Code', 'Cursor', 'VS Code', 'Claude Desktop'])
    assert.ok(err.includes(client), client);
  assert.match(err, /embedded default/);
  assert.doesNotMatch(err, /shh|abc/);
  assert.equal(err.includes(String.fromCharCode(27)), false, 'NO_COLOR is kept');
});

test('the start screen prints a set-up link on a line of its own, and `owner link` makes another', async (t) => {
  const directory = home(t, one);
  const gateway = start(directory, ['up', '--port', '0', '--json']);
  const lines = createInterface({ input: gateway.stdout })[Symbol.asyncIterator]();
  const { url, setupLink = '' } = JSON.parse((await lines.next()).value ?? '') as Record<string, string>;
  assert.ok(setupLink.startsWith(`${url}/as/setup/`), setupLink);
  assert.equal((await fetch(setupLink, { redirect: 'manual' })).status, 303);
  const again = await run(directory, 'owner', 'link');
  assert.match(again.out, /^http:\/\/127\.0\.0\.1:\d+\/as\/setup\/[\w-]{43}\n$/);
  assert.notEqual(again.out.trim(), setupLink);
  const status = await run(directory, 'status');
  assert.match(status.out, /stores +hot sqlite, durable sqlite/);
  gateway.kill('SIGTERM');
  await new Promise((resolve) => gateway.once('close', resolve));
  const away = await run(directory, 'owner', 'link');
  assert.equal(away.code, 3);
  assert.match(away.err, /start one with `bartizan up`/);
  const reset = await run(directory, 'owner', 'reset', '--json');
  assert.deepEqual(JSON.parse(reset.out), { reset: false });
});

test('accounts and consents that are not there are named as such', async (t) => {
  const directory = home(t, one);
  assert.match((await run(directory, 'account', 'list')).err, /nobody has logged in yet/);
  assert.match((await run(directory, 'account', 'disable', 'x')).err, /there is no account `x`/);
  assert.match((await run(directory, 'consent', 'withdraw', 'x', 'y')).err, /has allowed `y` nothing/);
});

test('help fits into 80 columns', async (t) => {
  const directory = home(t);
  for (const command of [
    [],
    ['task'],
    ['task', 'grant'],
    ['revoke'],
    ['owner'],
    ['account'],
    ['consent', 'withdraw'],
  ]) {
    const { out } = await run(directory, ...command, '--help');
    assert.deepEqual(
      out.split('\n').filter((line) => line.length > 80),
      [],
      command.join(' '),
    );
  }
});

test('a task is granted, listed, shown and ended by words that a person reads', async (t) => {
  const tool = join(
    import.meta.dirname,
    '../../node_modules/@modelcontextprotocol/server-everything/dist/index.js',
  );
  const command = JSON.stringify(process.execPath);
  const directory = home(t, `servers: { every: { command: ${command}, args: [${JSON.stringify(tool)}] } }\n`);
  const gateway = start(directory, ['up', '--port', '0', '--json']);
  await createInterface({ input: gateway.stdout })[Symbol.asyncIterator]().next();
  const granted = await run(directory, ...'task grant --action every:echo --calls 2 --out t.json'.split(' '));
  assert.equal(granted.code, 0, granted.err);
  assert.match(
    granted.err,
    /^task +[\w-]{36}\nuntil .* UTC, for 1m 5\ds\nbudget +2 calls\nmay +every:echo\n/,
  );
  assert.doesNotMatch(granted.err, /sha-256|object Object/);
  assert.equal(statSync(join(directory, 't.json')).mode & 0o777, 0o600);
  const [id = ''] = /[\w-]{36}/.exec(granted.err) ?? [];
  const listed = await run(directory, 'task', 'list');
  assert.match(listed.out, new RegExp(`^${id}  1m \\d+s left .* 1 action, 2 calls\n  owner by local\n$`));
  const shown = await run(directory, 'task', 'show', id);
  assert.match(shown.out, /\nbudget +2 calls; left: 2 calls\n/);
  const [told] = JSON.parse((await run(directory, 'task', 'list', '--json')).out) as Record<
    string,
    unknown
  >[];
  assert.deepEqual(told?.['user'], { issuer: 'urn:bartizan:owner', subject: 'owner' });
  assert.match((await run(directory, 'task', 'end', id)).err, new RegExp(`^ended ${id}\n$`));
  assert.match((await run(directory, 'task', 'list')).err, /no task is running/);
  const refused = await run(directory, 'task', 'grant', '--agent', 'nobody');
  assert.equal(refused.code, 3);
  assert.match(refused.err, /no agent `nobody` that needs no key; enter it under `agents`/);
  gateway.kill('SIGTERM');
  await new Promise((resolve) => gateway.once('close', resolve));
});
