import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { connect } from './connect.ts';
import { type RealGateway, startGateway } from './gateway.ts';
import { type IdentityProvider, other, refactor, startIdentityProvider } from './identity-provider.ts';

const limit = { timeout: 20_000 };
const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const policy = readFileSync(path('../../examples/policies/code-refactor.cedar'), 'utf8');
const folder = mkdtempSync(join(tmpdir(), 'bartizan-real-github-'));
const journal = join(folder, 'journal');
const blue = { repo: 'acme/blue-app', title: 'rename a module' };
const red = { repo: 'acme/red-app', title: 'rename a module' };

let provider: IdentityProvider;
let office: RealGateway;
let night: RealGateway;

before(async () => {
  provider = await startIdentityProvider();
  [office, night] = await Promise.all([startAt(12), startAt(0)]);
});

after(async () => {
  await Promise.all([office?.stop(), night?.stop()]);
  provider?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** A gateway in the zone where the clock now shows this hour. */
function startAt(hour: number): Promise<RealGateway> {
  return startGateway(
    {
      servers: {
        github: {
          command: process.execPath,
          args: [path('github-process.ts'), journal],
          tools: { create_pr: { resource: '/repo' } },
        },
      },
      resources: { 'github:acme/blue-*': { tags: { project: 'blue' } } },
      identity: {
        owner: { enabled: false },
        issuers: [{ issuer: provider.issuer, claims: { device: { managed: 'device_managed' } } }],
      },
      policy: { timezone: zoneWhereItIs(hour) },
    },
    policy,
  );
}

/** In the names of the tz database east is negative. */
function zoneWhereItIs(hour: number): string {
  const east = ((((hour - new Date().getUTCHours() + 11) % 24) + 24) % 24) - 11;
  return `Etc/GMT${east > 0 ? '-' : '+'}${Math.abs(east)}`;
}

interface Attempt {
  readonly gateway: RealGateway;
  readonly account: string;
  readonly agent: string;
  readonly args: typeof blue;
}

interface Seen {
  readonly tools: readonly string[];
  readonly answer: string;
  /** The repositories for which the server was called meanwhile. */
  readonly reached: readonly string[];
}

async function attempt({ gateway, account, agent, args }: Attempt): Promise<Seen> {
  const endpoint = `${gateway.origin}/mcp/github`;
  const caller = await connect(endpoint, await provider.login(account, agent, endpoint));
  const before = calls().length;
  const tools = await caller.tools();
  const answer = await caller.call('create_pr', args).catch(String);
  await caller.close();
  return { tools, answer, reached: calls().slice(before) };
}

function calls(): readonly string[] {
  try {
    return readFileSync(journal, 'utf8').split('\n').filter(Boolean);
  } catch {
    return [];
  }
}

test(
  'a developer on a managed device lets the agent open a pull request in the blue project',
  limit,
  async () => {
    const seen = await attempt({ gateway: office, account: 'dora', agent: refactor, args: blue });
    assert.deepEqual(seen.tools, ['create_pr']);
    assert.match(seen.answer, /opened \\"rename a module\\" in acme\/blue-app/);
    assert.deepEqual(seen.reached, ['acme/blue-app']);
  },
);

test(
  'another project is denied with a reason and a decision id, and the server hears nothing',
  limit,
  async () => {
    const seen = await attempt({ gateway: office, account: 'dora', agent: refactor, args: red });
    assert.deepEqual(seen.tools, ['create_pr']);
    assert.match(seen.answer, /"isError":true/);
    assert.match(seen.answer, /policy/);
    assert.match(seen.answer, /decision/i);
    assert.deepEqual(seen.reached, []);
  },
);

const hidden = [
  { of: 'with another role', account: 'ines' },
  { of: 'through another agent', agent: other },
  { of: 'on an unmanaged device', account: 'una' },
  { of: 'on a device of which nothing is known', account: 'nino' },
  { of: 'outside office hours', gateway: 'night' },
] as const;

for (const { of, ...change } of hidden) {
  test(`whoever calls ${of} does not even see the tool`, limit, async () => {
    const gateway = 'gateway' in change ? night : office;
    const usual = { account: 'dora', agent: refactor, args: blue };
    const seen = await attempt({ ...usual, ...change, gateway });
    assert.deepEqual(seen.tools, []);
    assert.match(seen.answer, /Unknown tool/);
    assert.deepEqual(seen.reached, []);
  });
}
