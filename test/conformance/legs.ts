/** The legs of the conformance run: what stands behind the gateway, and what is asked of it. */
import { fileURLToPath } from 'node:url';
import type { FixtureKind } from './fixture.ts';
import type { Revision } from './suite.ts';

export interface ServerLeg {
  readonly side: 'server';
  readonly name: string;
  readonly fixture: FixtureKind;
  readonly revisions: readonly Revision[];
}

export interface ClientLeg {
  readonly side: 'client';
  readonly name: string;
  readonly revisions: readonly Revision[];
  /** The program that plays the client. */
  readonly script: 'client.ts' | 'account-client.ts';
  readonly scenarios: ScenarioSet;
}

/**
 * Which scenarios of the suite: those that a revision requires without tokens (`core`) and with them (`auth`), or those
 * of optional extensions that have to do with tokens.
 */
export type ScenarioSet = 'core' | 'auth' | 'auth-extensions';

export type Leg = ServerLeg | ClientLeg;

export const legs: readonly Leg[] = [
  { side: 'server', name: 'L1', fixture: 'dual', revisions: ['2026-07-28', '2025-11-25'] },
  { side: 'server', name: 'L2', fixture: 'modern', revisions: ['2025-11-25'] },
  { side: 'server', name: 'L3', fixture: 'legacy', revisions: ['2026-07-28'] },
  { side: 'server', name: 'L4', fixture: 'sloppy', revisions: ['2026-07-28'] },
  { side: 'client', name: 'L5', revisions: ['2026-07-28'], script: 'client.ts', scenarios: 'core' },
  { side: 'client', name: 'L6', revisions: ['2026-07-28'], script: 'account-client.ts', scenarios: 'auth' },
  {
    side: 'client',
    name: 'L7',
    revisions: ['2026-07-28'],
    script: 'account-client.ts',
    scenarios: 'auth-extensions',
  },
];

/** Without the gateway only these legs can pass: the others need what it adds. */
export const directLegs: readonly string[] = ['L1', 'L5'];

/** The failures that a leg cannot avoid, each with its reason. */
export function expectedFailuresFile(leg: string): string {
  return fileURLToPath(new URL(`expected/${leg}.yml`, import.meta.url));
}
