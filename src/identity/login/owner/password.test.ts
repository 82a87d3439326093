import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { test } from 'node:test';
import { RequestFault } from '../request-fault.ts';
import { canHashPasswords, createPasswordHashes, passwordFault } from './password.ts';

const missing = canHashPasswords() ? false : 'this Node.js has no `crypto.argon2`';

test('a hash verifies its own password alone, and says its cost', { skip: missing }, async () => {
  const { make, verify } = createPasswordHashes();
  const hash = await make('correct horse battery');
  const [, memory, passes, lanes] = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$/.exec(hash) ?? [];
  // OWASP Password Storage Cheat Sheet: at least 19 MiB, two passes, one lane.
  assert.ok(Number(memory) >= 19_456 && Number(passes) >= 2 && Number(lanes) >= 1);
  assert.equal(await verify('correct horse battery', hash), true);
  assert.equal(await verify('correct horse batterY', hash), false);
  assert.notEqual(await make('correct horse battery'), hash);
});

test('one password written in two Unicode forms is one password', { skip: missing }, async () => {
  const { make, verify } = createPasswordHashes();
  const hash = await make('gr\u00fc\u00dfe an alle welt');
  assert.equal(await verify('gru\u0308\u00dfe an alle welt', hash), true);
});

test('a hash of the test vectors of the reference implementation verifies', { skip: missing }, async () => {
  // phc-winner-argon2, src/test.c: "password", "somesalt".
  const hash = '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc';
  assert.equal(await createPasswordHashes().verify('password', hash), true);
  assert.equal(await createPasswordHashes().verify('passwort', hash), false);
});

test('without a hash nothing verifies, and it takes about as long', { skip: missing }, async () => {
  const { make, verify } = createPasswordHashes();
  const hash = await make('correct horse battery');
  const time = async (kept: string | undefined): Promise<number> => {
    const before = process.cpuUsage();
    assert.equal(await verify('wrong password', kept), false);
    const { user, system } = process.cpuUsage(before);
    return user + system;
  };
  const [known, unknown] = [await time(hash), await time(undefined)];
  assert.ok(unknown > known / 3, `${unknown} us without a hash, ${known} us with one`);
});

test('a damaged hash is a fault and no way in', { skip: missing }, async () => {
  await assert.rejects(createPasswordHashes().verify('a', '$argon2id$v=19$m=1$x'), /cannot be read/);
});

test('a flood of logins is turned away instead of taking all memory', { skip: missing }, async () => {
  const { verify } = createPasswordHashes();
  const all = await Promise.allSettled(Array.from({ length: 14 }, () => verify('flood', undefined)));
  const refused = all.filter((one) => one.status === 'rejected');
  assert.ok(refused.length >= 4, String(refused.length));
  for (const { reason } of refused) assert.equal((reason as RequestFault).status, 503);
});

test('a Node.js without Argon2 says what to do', async (t) => {
  const original = Object.getOwnPropertyDescriptor(crypto, 'argon2');
  t.after(() => original && Object.defineProperty(crypto, 'argon2', original));
  Object.defineProperty(crypto, 'argon2', { value: undefined, configurable: true });
  assert.equal(canHashPasswords(), false);
  await assert.rejects(createPasswordHashes().make('correct horse battery'), (fault) => {
    assert.ok(fault instanceof RequestFault);
    assert.match(fault.message, /Node\.js 24\.7/);
    return true;
  });
});

test('weak passwords are told what is wrong with them', () => {
  assert.match(passwordFault('eleven char') ?? '', /at least 12/);
  assert.match(passwordFault('abababababababab') ?? '', /more different/);
  assert.match(passwordFault('x'.repeat(257)) ?? '', /more than 256/);
  assert.equal(passwordFault('correct horse battery'), undefined);
});
