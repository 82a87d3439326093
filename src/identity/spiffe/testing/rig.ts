import type { Clock } from '../../../pipeline/ports.ts';
import type { Workload, WorkloadOptions } from '../contract.ts';
import { createWorkload } from '../workload.ts';
import { type SvidServer, startSvidServer } from './mtls.ts';
import { createTestDomain, startAgent, type TestDomain } from './trust-domain.ts';
import type { WorkloadApiServer } from './workload-api-server.ts';

/** A workload at an agent, with a TLS server that shows its SVID. */
export interface Rig {
  readonly own: TestDomain;
  /** Federated with `own`. */
  readonly fed: TestDomain;
  readonly agent: WorkloadApiServer;
  readonly workload: Workload;
  readonly server: SvidServer;
  readonly clock: TestClock;
  /** Every report of the workload. */
  readonly reports: readonly string[];
}

/** The time of day, plus what a test adds. */
export interface TestClock extends Clock {
  readonly advance: (ms: number) => void;
}

/** Makes a clock. */
export function testClock(): TestClock {
  let ahead = 0;
  return {
    now: () => Date.now() + ahead,
    microseconds: () => Math.round(performance.now() * 1000),
    uuid: () => crypto.randomUUID(),
    advance: (ms) => {
      ahead += ms;
    },
  };
}

interface Ending {
  readonly after: (end: () => void | Promise<void>) => void;
}

/** Starts everything and waits for the SVID and the bundles; ends with the test. */
export async function startRig(
  t: Ending,
  options: Pick<WorkloadOptions, 'federates' | 'fetch'> = { federates: {} },
): Promise<Rig> {
  const own = createTestDomain('example.org');
  const fed = createTestDomain('fed.example.org');
  const agent = await startAgent(own, [fed]);
  t.after(() => agent.stop());
  const clock = testClock();
  const reports: string[] = [];
  const report = (event: string, facts: Readonly<Record<string, string>>): void => {
    reports.push(`${event} ${JSON.stringify(facts)}`);
  };
  const workload = createWorkload({ ...options, socket: agent.address, clock, report, environment: {} });
  t.after(() => workload.close());
  await workload.ready();
  await until(() => workload.status().bundles.filter(({ jwt }) => jwt > 0).length >= 2);
  const server = await startSvidServer(workload);
  t.after(() => server.close());
  return { own, fed, agent, workload, server, clock, reports };
}

/** Waits until something holds; fails after five seconds. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + 5_000;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`waited five seconds in vain for ${String(holds)}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
