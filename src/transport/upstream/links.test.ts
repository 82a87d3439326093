import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Refusal } from '../../model/refusal.ts';
import type { PrincipalKey } from '../../model/subject.ts';
import type { Link } from './link.ts';
import { links } from './links.ts';
import { defaultUpstreamLimits } from './settings.ts';

const owner = 'ada' as PrincipalKey;

interface FakeLink extends Link {
  work: boolean;
  dead: boolean;
  ended: boolean;
}

function fakeLink(): FakeLink {
  const link: FakeLink = {
    work: false,
    dead: false,
    ended: false,
    busy: () => link.work,
    closed: () => link.dead,
    relay: () => assert.fail(),
    listen: () => assert.fail(),
    ask: () => assert.fail(),
    describe: () => assert.fail(),
    close: async () => {
      link.ended = true;
    },
  };
  return link;
}

function bench(
  linksPerServer = 2,
  linksPerPrincipal = 99,
): {
  readonly open: ReturnType<typeof links>;
  readonly clock: { time: number };
} {
  const clock = { time: 0 };
  const limits = { ...defaultUpstreamLimits, linksPerServer, linksPerPrincipal };
  return { open: links({ limits, clock: { now: () => clock.time } }), clock };
}

const take = (open: ReturnType<typeof links>, key: string): FakeLink => {
  const link = open.take(owner, key, fakeLink);
  assert.ok(!(link instanceof Refusal), link instanceof Refusal ? link.detail : '');
  return link as FakeLink;
};

test('a key has one link', () => {
  const { open } = bench();
  assert.equal(take(open, 'a'), take(open, 'a'));
  assert.notEqual(take(open, 'a'), take(open, 'b'));
});

test('the link that was unused for the longest time makes room, never one at work', () => {
  const { open } = bench();
  const a = take(open, 'a');
  const b = take(open, 'b');
  take(open, 'a');
  take(open, 'c');
  assert.deepEqual([a.ended, b.ended], [false, true]);
  a.work = true;
  take(open, 'd');
  assert.equal(a.ended, false);
});

test('a call is refused when every link is at work', () => {
  const { open } = bench(1);
  take(open, 'a').work = true;
  const refused = open.take(owner, 'b', () => assert.fail('no link may be opened'));
  assert.ok(refused instanceof Refusal && refused.code === 'overloaded');
});

test('a link that died is replaced at once, one that keeps dying after a while', () => {
  const { open, clock } = bench();
  take(open, 'a').dead = true;
  take(open, 'a').dead = true;
  assert.ok(open.take(owner, 'a', fakeLink) instanceof Refusal);
  clock.time += 500;
  const third = take(open, 'a');
  clock.time += 60_000;
  third.dead = true;
  take(open, 'a').dead = true;
  take(open, 'a');
});

test('one principal does not take the links of others', () => {
  const { open } = bench(10, 2);
  const first = take(open, 'a');
  take(open, 'b').work = true;
  assert.ok(!(open.take('bob' as PrincipalKey, 'c', fakeLink) instanceof Refusal));
  assert.equal(first.ended, false);
  take(open, 'd').work = true;
  assert.equal(first.ended, true);
  assert.ok(open.take(owner, 'e', fakeLink) instanceof Refusal);
});

test('closing ends every link, and none is opened afterwards', async () => {
  const { open } = bench();
  const a = take(open, 'a');
  await open.close();
  assert.equal(a.ended, true);
  assert.ok(open.take(owner, 'a', fakeLink) instanceof Refusal);
});
