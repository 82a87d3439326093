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
}

function accepted(outcome: Subject | Refusal): Subject {
  return outcome instanceof Refusal ? assert.fail(`refused: ${outcome.detail}`) : outcome;
}

function refused(outcome: Subject | Refusal): Refusal {
  return outcome instanceof Refusal ? outcome : assert.fail(`accepted as ${outcome.principal}`);
}
