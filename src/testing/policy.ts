import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AccessRequest } from '../model/decision.ts';
import type { Policy } from '../pipeline/ports.ts';

/** A policy engine under test, with a question that it permits and one that it denies. */
export interface PolicyUnderTest {
  readonly policy: Policy;
  readonly permitted: AccessRequest;
  readonly denied: AccessRequest;
}

/** Registers the tests that every {@link Policy} must pass. `open` makes one for each test. */
export function policyContract(name: string, open: () => PolicyUnderTest): void {
  test(`${name}: permits only without any error, and names what decided`, () => {
    const { policy, permitted, denied } = open();
    const { effect, policies, errors } = policy.decide(permitted);
    assert.deepEqual([effect, errors], ['permit', []]);
    assert.ok(policies.length > 0);
    assert.equal(policy.decide(denied).effect, 'deny');
  });

  test(`${name}: what can be permitted is shown, with and without its arguments`, () => {
    const { policy, permitted } = open();
    assert.equal(policy.couldPermit(permitted), true);
    assert.equal(policy.couldPermit({ ...permitted, args: undefined }), true);
  });

  test(`${name}: the same question has the same answer, whatever was asked in between`, () => {
    const { policy, permitted, denied } = open();
    const first = [policy.decide(permitted), policy.decide(denied)];
    assert.deepEqual([policy.decide(permitted), policy.decide(denied)], first);
  });

  test(`${name}: a question is not changed by asking it`, () => {
    const { policy, permitted } = open();
    const before = structuredClone(permitted);
    policy.decide(permitted);
    policy.couldPermit(permitted);
    assert.deepEqual(permitted, before);
  });
}
