import assert from 'node:assert/strict';
import process from 'node:process';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type JsonObject, objectMember } from '../../src/model/json.ts';
import { editDocument } from '../../src/wire/json/edit.ts';
import { eventually } from '../eventually.ts';
import {
  callTool,
  type Leg,
  legTo,
  never,
  type OrderChange,
  refusalOf,
  resultOf,
  scopeOf,
  server,
} from './bench.ts';

const ends: (() => Promise<void>)[] = [];
after(async () => {
  await Promise.all(ends.map((end) => end()));
});

const program = fileURLToPath(new URL('stdio-server-process.ts', import.meta.url));

function legToProcess(
  era: 'legacy' | 'modern',
  limits: Parameters<typeof legTo>[1] = {},
  settings: Parameters<typeof legTo>[0] = {},
): Leg {
  const target = { command: process.execPath, args: [program, era], env: { CONFIGURED: 'yes' }, cwd: '/' };
  const leg = legTo({ kind: 'stdio', ...target, ...settings }, limits);
  ends.push(leg.close);
  return leg;
}

async function run(
  leg: Leg,
  tool: string,
  args: JsonObject = {},
  change: OrderChange = {},
): Promise<JsonObject[string]> {
  const { content } = resultOf(await leg.relay(await callTool(tool, args, change), never));
  const [block] = content as readonly JsonObject[];
  return JSON.parse(String(block?.['text']));
}

for (const era of ['legacy', 'modern'] as const) {
  test(`${era}: finds the era out, calls, lists and describes`, async () => {
    const leg = legToProcess(era);
    assert.deepEqual(await run(leg, 'echo', { a: 1 }), { a: 1 });
    assert.equal(leg.verdicts.kept.get(server)?.era, era);
    const listed = await leg.items(server, 'tool', scopeOf(), never);
    assert.ok('items' in listed && listed.items.length > 5);
    const described = await leg.describe(server, scopeOf(), never);
    assert.ok('capabilities' in described && described.capabilities['tools'] !== undefined);
  });

  test(`${era}: progress comes back under the token of the client, which the server never sees`, async () => {
    const leg = legToProcess(era, {}, { era });
    const order = await callTool('progress', {}, { progressToken: 'mine' });
    const reply = resultOf(await leg.relay(order, never));
    assert.ok(!JSON.stringify(reply).includes('mine'));
    assert.equal(objectMember(order.notified[0], 'params')?.['progressToken'], 'mine');
  });

  test(`${era}: a message with line ends inside travels as one line`, async () => {
    const leg = legToProcess(era, {}, { era });
    const order = await callTool('echo', { a: 'x\ny' });
    const bytes = Buffer.from(JSON.stringify(order.call.document.value, null, '\r\n'));
    const document = editDocument({ ...order.call.document, bytes }, []);
    const reply = await leg.relay({ ...order, call: { ...order.call, document } }, never);
    assert.match(JSON.stringify(resultOf(reply)), /x.{2,6}ny/);
  });

  test(`${era}: an aborted call is cancelled at the server, and the process lives on`, async () => {
    const leg = legToProcess(era, {}, { era });
    const pid = await run(leg, 'pid');
    const caller = new AbortController();
    const reply = leg.relay(await callTool('never'), caller.signal);
    await sleep(50);
    caller.abort();
    assert.equal(refusalOf(await reply).code, 'cancelled');
    assert.equal(((await run(leg, 'cancelled')) as unknown[]).length, 1);
    assert.equal(await run(leg, 'pid'), pid);
  });

  test(`${era}: a call ends when its time is over, and the server is told`, async () => {
    const leg = legToProcess(era, { callMs: 300 }, { era });
    const first = refusalOf(await leg.relay(await callTool('never'), never));
    assert.equal(first.code, 'upstream_timeout');
    assert.equal(((await run(leg, 'cancelled')) as unknown[]).length, 1);
  });
}

for (const era of ['legacy', 'modern'] as const) {
  test(`${era}: a change stream delivers what was asked for, under no id of ours`, async () => {
    const leg = legToProcess(era, {}, { era });
    const caller = new AbortController();
    const ready = Promise.withResolvers<void>();
    const got: JsonObject[] = [];
    const order = await callTool('change');
    const ended = leg.listen(
      {
        permit: order.permit,
        server,
        scope: scopeOf(),
        filter: {
          toolsListChanged: true,
          promptsListChanged: false,
          resourcesListChanged: false,
          resourceSubscriptions: ['test://a'],
        },
        ready: ready.resolve,
        notify: async ({ value }) => void got.push(value),
      },
      caller.signal,
    );
    await ready.promise;
    await run(leg, 'change', {});
    await eventually('both changes', () => got.length >= 2);
    assert.equal(got[0]?.['method'], 'notifications/tools/list_changed');
    assert.equal(objectMember(got[1], 'params')?.['uri'], 'test://a');
    assert.ok(!JSON.stringify(got).includes('subscriptionId'));
    if (era === 'legacy') {
      assert.equal(got.length, 2);
      assert.deepEqual(await run(leg, 'watched', {}), ['test://a']);
    }
    caller.abort();
    await ended;
    await eventually('the end of the subscription', async () => {
      const watched = await run(leg, 'watched', {});
      return Array.isArray(watched) && watched.length === 0;
    });
  });
}

test('a server that asks without measure is turned down beyond a bound', async () => {
  const leg = legToProcess('legacy', {}, { era: 'legacy' });
  const reply = await leg.relay(
    await callTool('ask', {}, { capabilities: { elicitation: {}, sampling: {}, roots: {} } }),
    never,
  );
  const questions = resultOf(reply)['inputRequests'] as JsonObject;
  assert.equal(Object.keys(questions).length, 32);
});

test('the server gets the configured environment and a few safe variables, not ours', async () => {
  process.env['GATEWAY_SECRET'] = 'do not pass on';
  const seen = (await run(legToProcess('legacy', {}, { era: 'legacy' }), 'environment')) as JsonObject;
  assert.equal(seen['CONFIGURED'], 'yes');
  assert.equal(seen['PATH'], process.env['PATH']);
  assert.equal(seen['GATEWAY_SECRET'], undefined);
});

test('each principal has a process of its own', async () => {
  const leg = legToProcess('legacy', {}, { era: 'legacy' });
  const [ada, again, bob] = [
    await run(leg, 'pid'),
    await run(leg, 'pid'),
    await run(leg, 'pid', {}, { principal: 'bob' }),
  ];
  assert.equal(ada, again);
  assert.notEqual(ada, bob);
});

test('another set of client capabilities is another session', async () => {
  const leg = legToProcess('legacy', {}, { era: 'legacy' });
  const plain = await run(leg, 'pid');
  assert.notEqual(await run(leg, 'pid', {}, { capabilities: { elicitation: {} } }), plain);
});

test('what is no message on the output is passed over and told to the operator', async () => {
  const leg = legToProcess('legacy', {}, { era: 'legacy' });
  assert.equal(await run(leg, 'garbage'), 'fine');
  assert.ok(leg.logged.some((line) => line.startsWith('unreadable message')));
  assert.ok(leg.logged.includes('stderr: hello from the server'));
});

test('an answer that is no strict JSON fails its call and no other', async () => {
  const leg = legToProcess('legacy', {}, { era: 'legacy' });
  const pid = await run(leg, 'pid');
  assert.match(refusalOf(await leg.relay(await callTool('twice'), never)).detail, /stands twice/);
  assert.equal(await run(leg, 'pid'), pid);
});

test('a crash fails the running calls, and the next call starts a new process', async () => {
  const leg = legToProcess('legacy', {}, { era: 'legacy' });
  const pid = await run(leg, 'pid');
  assert.match(refusalOf(await leg.relay(await callTool('crash'), never)).detail, /ended with code 3/);
  assert.notEqual(await run(leg, 'pid'), pid);
});

test('a server that dies again and again is not started again at once', async () => {
  const leg = legToProcess('legacy', {}, { era: 'legacy' });
  for (let count = 0; count < 2; count++) refusalOf(await leg.relay(await callTool('crash'), never));
  const refusal = refusalOf(await leg.relay(await callTool('pid'), never));
  assert.match(refusal.detail, /keeps failing/);
  await sleep(600);
  assert.equal(typeof (await run(leg, 'pid')), 'number');
});

test('a command that does not exist is refused and leaves no verdict', async () => {
  const leg = legToProcess('legacy', {}, { command: '/does/not/exist' });
  assert.match(refusalOf(await leg.relay(await callTool('pid'), never)).detail, /could not be started/);
  assert.equal(leg.verdicts.kept.size, 0);
});

test('a line over the limit ends the process instead of filling the memory', async () => {
  const leg = legToProcess('legacy', { resultBytes: 100_000 }, { era: 'legacy' });
  assert.match(refusalOf(await leg.relay(await callTool('huge'), never)).detail, /larger than 100000/);
});

test('an idle process is ended', async () => {
  const leg = legToProcess('legacy', { idleMs: 150 }, { era: 'legacy' });
  const pid = Number(await run(leg, 'pid'));
  assert.equal(isAlive(pid), true);
  await eventually('the end of the process', () => !isAlive(pid));
});

test('closing ends a process that ignores SIGTERM, within two seconds', async () => {
  const leg = legToProcess('legacy', {}, { era: 'legacy' });
  const pid = Number(await run(leg, 'stubborn'));
  const started = performance.now();
  await leg.close();
  assert.ok(performance.now() - started < 2_200);
  assert.equal(isAlive(pid), false);
});

test('no process is left behind by 1,000 aborted calls', async () => {
  const leg = legToProcess('legacy', {}, { era: 'legacy' });
  const pid = await run(leg, 'pid');
  const calls = Array.from({ length: 1_000 }, async () => {
    const caller = new AbortController();
    const reply = leg.relay(await callTool('never'), caller.signal);
    setTimeout(() => caller.abort(), Math.random() * 50);
    return refusalOf(await reply).code;
  });
  assert.deepEqual([...new Set(await Promise.all(calls))], ['cancelled']);
  assert.equal(await run(leg, 'pid'), pid);
  await leg.close();
  assert.equal(isAlive(Number(pid)), false);
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
