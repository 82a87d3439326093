import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Primitive } from '../model/primitive.ts';
import { Refusal, refuse } from '../model/refusal.ts';
import type { PrincipalKey } from '../model/subject.ts';
import type { Catalog, Inventory, ListChanged } from '../pipeline/ports.ts';
import { testServer, testSubject } from './pipeline-ports.ts';

const ada = { subject: testSubject(), capabilities: {} };
const bob = { subject: testSubject({ principal: 'bob' as PrincipalKey }), capabilities: {} };
const any = (): boolean => true;

/** Registers the tests that every {@link Catalog} must pass. `open` makes one that is filled from an inventory. */
export function catalogContract(name: string, open: (inventory: Inventory) => Catalog): void {
  test(`${name}: lists in the order of the upstream, and finds what it lists`, async () => {
    const catalog = open(inventory().port);
    const listed = await catalog.list(testServer, 'tool', ada);
    assert.ok(!(listed instanceof Refusal));
    const primitives = ['read', 'write'].map(tool);
    assert.deepEqual(
      listed.map(({ primitive }) => primitive),
      primitives,
    );
    assert.deepEqual(await catalog.find(tool('write'), ada, any), listed[1]);
    assert.equal(await catalog.find(tool('other'), ada, any), undefined);
  });

  test(`${name}: what was listed for one principal is never shown to another`, async () => {
    const catalog = open(inventory({ bob: ['for-bob'] }).port);
    await catalog.list(testServer, 'tool', bob);
    await catalog.list(testServer, 'tool', ada);
    assert.equal(await catalog.find(tool('for-bob'), ada, any), undefined);
    assert.equal(await catalog.find(tool('read'), bob, any), undefined);
    assert.notEqual(await catalog.find(tool('for-bob'), bob, any), undefined);
  });

  test(`${name}: an entry that is turned down takes the way of one that does not exist`, async () => {
    const [hidden, missing] = [inventory(), inventory()];
    const none = (): boolean => false;
    assert.equal(await open(hidden.port).find(tool('read'), ada, none), undefined);
    assert.equal(await open(missing.port).find(tool('other'), ada, none), undefined);
    assert.deepEqual(hidden.asked, missing.asked);
  });

  test(`${name}: an upstream that cannot be asked is a refusal, and is asked again`, async () => {
    const { port, asked, fail } = inventory();
    const catalog = open(port);
    fail(true);
    assert.ok((await catalog.list(testServer, 'tool', ada)) instanceof Refusal);
    assert.ok((await catalog.find(tool('read'), ada, any)) instanceof Refusal);
    fail(false);
    const before = asked.length;
    assert.ok(!((await catalog.list(testServer, 'tool', ada)) instanceof Refusal));
    assert.ok(asked.length > before);
  });

  test(`${name}: forgets a list that its upstream says has changed`, async () => {
    const { port, asked, changed } = inventory();
    const catalog = open(port);
    await catalog.list(testServer, 'tool', ada);
    const before = asked.length;
    changed(testServer, 'tool', ada.subject.principal);
    await catalog.list(testServer, 'tool', ada);
    assert.equal(asked.length, before + 1);
  });
}

interface ScriptedInventory {
  readonly port: Inventory;
  /** Kind and principal of every question. */
  readonly asked: readonly string[];
  readonly changed: ListChanged;
  readonly fail: (fails: boolean) => void;
}

/** An upstream with the tools `read` and `write`, or others for principals that are named. */
function inventory(tools: Readonly<Record<string, readonly string[]>> = {}): ScriptedInventory {
  const asked: string[] = [];
  const listeners: ListChanged[] = [];
  let fails = false;
  const ask = <T>(what: string, principal: PrincipalKey, answer: T): T | Refusal => {
    asked.push(`${what} ${principal}`);
    return fails ? refuse('upstream_failed', 'it is told to fail') : answer;
  };
  return {
    port: {
      items: async (_server, kind, { principal }) => {
        const names = kind === 'tool' ? (tools[principal] ?? ['read', 'write']) : [];
        return ask(kind, principal, { items: names.map((name) => ({ name })), ttlMs: 60_000 });
      },
      describe: async (_server, { principal }) => ask('describe', principal, { capabilities: {} }),
      onListChanged: (listener) => void listeners.push(listener),
    },
    asked,
    changed: (...change) => {
      for (const listener of listeners) listener(...change);
    },
    fail: (now) => {
      fails = now;
    },
  };
}

function tool(name: string): Primitive {
  return { server: testServer, kind: 'tool', name };
}
