import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AttemptKey, type Attempts, createAttempts } from '../../src/identity/login/owner/attempts.ts';
import { RequestFault } from '../../src/identity/login/request-fault.ts';
import { memoryDocuments } from '../../src/store/memory/documents.ts';

function setting(): { attempts: Attempts; clock: { time: number }; again: () => Attempts } {
  const clock = { time: 1_000_000 };
  const now = (): number => clock.time;
  const documents = memoryDocuments({ now });
  return {
    attempts: createAttempts(documents, { now }),
    clock,
    again: () => createAttempts(documents, { now }),
  };
}

const peer = (id: string): readonly AttemptKey[] => [{ kind: 'peer', id }];
const account: readonly AttemptKey[] = [{ kind: 'account', id: 'owner' }];

/** How long the next attempt has to wait, in seconds; 0 if it may be made. */
async function wait(attempts: Attempts, keys: readonly AttemptKey[]): Promise<number> {
  try {
    await attempts.begin(keys);
    return 0;
  } catch (fault) {
    assert.ok(fault instanceof RequestFault && fault.status === 429);
    return fault.retryAfter ?? -1;
  }
}

async function delays(keys: readonly AttemptKey[], count: number): Promise<readonly number[]> {
  const { attempts, clock } = setting();
  const found: number[] = [];
  for (let index = 0; index < count; index += 1) {
    const seconds = await wait(attempts, keys);
    found.push(seconds);
    if (seconds > 0) {
      clock.time += seconds * 1000;
      assert.equal(await wait(attempts, keys), 0);
    }
  }
  return found;
}

test('the delay doubles with every failure, up to 15 minutes for a peer', async () => {
  assert.deepEqual(
    await delays(peer('192.0.2.1'), 17),
    [0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900],
  );
});

test('nobody can lock the owner out for more than a minute', async () => {
  assert.deepEqual((await delays(account, 14)).slice(-3), [60, 60, 60]);
});

test('a restart or another replica forgets nothing', async () => {
  const { attempts, again } = setting();
  for (let index = 0; index < 5; index += 1) await attempts.begin(account);
  assert.equal(await wait(again(), account), 1);
});

test('a success wipes the slate', async () => {
  const { attempts } = setting();
  for (let index = 0; index < 5; index += 1) await attempts.begin(account);
  await attempts.succeed(account);
  assert.equal(await wait(attempts, account), 0);
});

test('attempts at one moment are counted each', async () => {
  const { attempts } = setting();
  const all = await Promise.all(
    Array.from({ length: 40 }, () =>
      attempts.begin(account).then(
        () => true,
        () => false,
      ),
    ),
  );
  assert.ok(all.filter((made) => made).length <= 5);
});

test('the addresses of one IPv6 network are one peer, those of IPv4 are not', async () => {
  const { attempts } = setting();
  for (const id of [
    '2001:db8::1',
    '2001:db8:0:0:ffff::2',
    '2001:0db8::abcd:3',
    '2001:db8::',
    '2001:db8:0:0::5%eth0',
  ]) {
    await attempts.begin(peer(id));
  }
  assert.equal(await wait(attempts, peer('2001:db8::beef')), 1);
  assert.equal(await wait(attempts, peer('2001:db8:0:1::1')), 0);
  for (let index = 0; index < 5; index += 1) await attempts.begin(peer('192.0.2.1'));
  assert.equal(await wait(attempts, peer('192.0.2.1')), 1);
  assert.equal(await wait(attempts, peer('192.0.2.2')), 0);
});
