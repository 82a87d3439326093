import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Refusal } from '../model/refusal.ts';
import type { Subject } from '../model/subject.ts';
import type { Credentials, Identity } from '../pipeline/ports.ts';

/** An identity under test, and a caller that it knows. */
export interface IdentityUnderTest {
  readonly identity: Identity;
  /** What the caller shows, where it is good. */
  readonly good: Credentials;
  /** The URI of a resource where the same credentials are not good. */
  readonly otherResource: string;
  /** What a caller with a token bound to a key shows, with a new proof each time. Left out where there are no such tokens. */
  readonly bound?: () => Credentials;
}

/** Registers the tests that every {@link Identity} must pass. `open` makes one for each test. */
export function identityContract(name: string, open: () => Promise<IdentityUnderTest>): void {
  test(`${name}: knows a caller as the same principal every time`, async () => {
    const { identity, good } = await open();
    const first = accepted(await identity.identify(good));
    const again = accepted(await identity.identify(good));
    assert.equal(again.principal, first.principal);
    assert.ok(first.user.subject !== '' && first.agent.id !== '');
  });

  test(`${name}: refuses credentials of one resource at another (RFC 8707 section 2)`, async () => {
    const { identity, good, otherResource } = await open();
    accepted(await identity.identify(good));
    const { code } = refused(await identity.identify({ ...good, resource: otherResource }));
    assert.equal(code, 'token_invalid');
  });

  test(`${name}: challenges a caller without credentials, and says where to get them (RFC 9728 section 5.1)`, async () => {
    const { identity, good } = await open();
    const { code, headers } = refused(await identity.identify({ ...good, authorization: undefined }));
    assert.equal(code, 'token_missing');
    assert.match(headers?.['WWW-Authenticate'] ?? '', /^Bearer .*resource_metadata="/);
    assert.ok(headers?.['WWW-Authenticate']?.includes(good.metadataUrl));
  });

  test(`${name}: refuses anything else, with a value and without repeating it to the caller`, async () => {
    const { identity, good } = await open();
    for (const authorization of [
      '',
      'Bearer',
      'Bearer ',
      'Bearer sesame',
      'Basic c2VzYW1l',
      'sesame',
      '\u0000sesame',
    ]) {
      const { reason, headers } = refused(await identity.identify({ ...good, authorization }));
      assert.ok(!JSON.stringify([reason, headers]).includes('sesame'));
    }
  });

  boundContract(name, open);
}

function boundContract(name: string, open: () => Promise<IdentityUnderTest>): void {
  test(`${name}: says how a bound token was proven, and takes every proof once (RFC 9449 section 11.1)`, async (t) => {
    const { identity, bound } = await open();
    if (bound === undefined) return t.skip('it has no bound tokens');
    const first = bound();
    assert.notEqual(accepted(await identity.identify(first)).proof, undefined);
    assert.notEqual(accepted(await identity.identify(bound())).proof, undefined);
    if (first.header('dpop') === undefined) return;
    refused(await identity.identify({ ...first }));
  });

  test(`${name}: refuses a bound token of a thief who has no key (RFC 9449 section 7.1, RFC 8705 section 3)`, async (t) => {
    const { identity, bound } = await open();
    if (bound === undefined) return t.skip('it has no bound tokens');
    const { certificate: _, ...stolen } = { ...bound(), header: () => undefined };
    const bearer = (stolen.authorization ?? '').replace(/^[^ ]+/, 'Bearer');
    for (const authorization of [stolen.authorization, bearer]) {
      const { code, headers } = refused(await identity.identify({ ...stolen, authorization }));
      assert.equal(code, 'token_invalid');
      assert.match(headers?.['WWW-Authenticate'] ?? '', /error="/);
    }
  });
}

function accepted(outcome: Subject | Refusal): Subject {
  return outcome instanceof Refusal ? assert.fail(`refused: ${outcome.detail}`) : outcome;
}

function refused(outcome: Subject | Refusal): Refusal {
  return outcome instanceof Refusal ? outcome : assert.fail(`accepted as ${outcome.principal}`);
}
