import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import type { AccessRequest } from '../../src/model/decision.ts';
import type { Policy } from '../../src/pipeline/ports.ts';
import { createAccessQuery } from '../../src/policy/access-query.ts';
import { createOracle } from '../../src/policy/cedar/engine.ts';
import { oracleRequest } from '../../src/policy/cedar/oracle-request.ts';
import { createPolicy } from '../../src/policy/create-policy.ts';
import { createLocalClock } from '../../src/policy/local-time.ts';
import { readSources } from '../../src/policy/read-sources.ts';
import { request } from './support/requests.ts';

/**
 * Prints microseconds of CPU time per decision (median of 7 runs), compiled beside the official engine. By hand:
 * `node test/policy/speed.ts`.
 */
const example = readFileSync(
  join(import.meta.dirname, '../../examples/policies/code-refactor.cedar'),
  'utf8',
);

/** Policies over 30 tools and 10 agents, as an organization has. */
function spread(count: number): string {
  return policies(count, (n) => ({
    agent: `== Agent::"spiffe://company.com/agent/a${n % 10}"`,
    action: n % 30 === 0 ? 'github:create_pr' : `github:tool${n % 30}`,
  }));
}

/** The worst case: every policy is for any agent and this one tool. */
function crowded(count: number): string {
  return policies(count, () => ({ agent: '', action: 'github:create_pr' }));
}

function policies(
  count: number,
  scope: (n: number) => { readonly agent: string; readonly action: string },
): string {
  const others = Array.from({ length: count - 1 }, (_, n) => {
    const { agent, action } = scope(n);
    return `permit (principal ${agent}, action == Action::"${action}", resource) when {
      resource.hasTag("project") && resource.getTag("project") == "p${n}" &&
      context.user.roles.contains("developer") && context.time.hour >= 9 && context.time.hour < 17 && context.device.managed
    };`;
  });
  return [example, ...others].join('\n');
}

/** Requests of many users, as new objects each time, with a clock that moves. */
function requests(): readonly AccessRequest[] {
  const day = Date.parse('2026-06-10T09:00:00Z');
  return Array.from({ length: 512 }, (_, n) =>
    request({
      user: { subject: `user${n}` },
      instant: new Date(day + n * 1000).toISOString(),
      tags: { project: n % 2 ? 'blue' : 'red' },
    }),
  );
}

function microseconds(decide: (asked: AccessRequest) => unknown, rounds: number): number {
  const asked = requests();
  const times = Array.from({ length: 7 }, () => {
    const start = process.cpuUsage();
    for (let n = 0; n < rounds; n += 1) decide(asked[n % asked.length] as AccessRequest);
    const { user, system } = process.cpuUsage(start);
    return (user + system) / rounds;
  });
  return times.toSorted((left, right) => left - right)[3] ?? 0;
}

function official(text: string): (asked: AccessRequest) => unknown {
  const { policies: read } = readSources([{ name: 'x', text }]);
  const query = createAccessQuery({ zone: 'UTC', localTime: createLocalClock('UTC') });
  const oracle = createOracle(Object.fromEntries(read.map((policy) => [policy.id, policy.text])));
  return (asked) => {
    const each = query(asked);
    return oracle.authorize(oracleRequest(each, each.entities()));
  };
}

function load(text: string): { readonly policy: Policy; readonly loadMs: number } {
  const start = performance.now();
  const policy = createPolicy({ sources: [{ name: 'x', text }], timezone: 'UTC', sample: 0 });
  return { policy, loadMs: performance.now() - start };
}

console.log(
  `Node ${process.version}, ${cpus()[0]?.model ?? 'unknown CPU'}; microseconds of CPU per decision\n`,
);
console.log('policies          load ms  compiled  in lists  official');
for (const [name, make] of [
  ['spread', spread],
  ['crowded', crowded],
] as const) {
  for (const count of [1, 24, 200, 1000]) {
    const text = make(count);
    const { policy, loadMs } = load(text);
    const compiled = microseconds(policy.decide, count > 100 && name === 'crowded' ? 5000 : 100_000);
    const lists = microseconds(policy.couldPermit, count > 100 && name === 'crowded' ? 2000 : 50_000);
    const slow = microseconds(official(text), count > 100 ? 60 : 400);
    const cells = [
      loadMs.toFixed(0).padStart(8),
      ...[compiled, lists, slow].map((each) => each.toFixed(2).padStart(9)),
    ];
    console.log(`${name.padEnd(8)} ${String(count).padStart(6)} ${cells.join(' ')}`);
  }
}
