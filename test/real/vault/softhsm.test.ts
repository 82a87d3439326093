/** The vault's key in a real PKCS#11 module: SoftHSM2 of Debian. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire, registerHooks } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { openPkcs11Kek } from '../../../src/identity/vault/pkcs11-kek.ts';
import { createVault } from '../../../src/identity/vault/vault.ts';
import { memoryDocuments } from '../../../src/store/memory/documents.ts';

const module = '/usr/lib/softhsm/libsofthsm2.so';

/** The optional package: beside the project, or in the folder that `PKCS11JS_DIRECTORY` names. */
function findPackage(): boolean {
  const directory = process.env['PKCS11JS_DIRECTORY'] ?? process.cwd();
  try {
    const path = createRequire(join(directory, 'package.json')).resolve('pkcs11js');
    registerHooks({
      resolve: (specifier, context, next) =>
        specifier === 'pkcs11js'
          ? { url: pathToFileURL(path).href, shortCircuit: true }
          : next(specifier, context),
    });
    return true;
  } catch {
    return false;
  }
}

function missing(): string | false {
  if (!existsSync(module)) return 'SoftHSM2 is not installed (Debian: softhsm2)';
  if (!findPackage()) return 'the optional package `pkcs11js` is not installed';
  return spawnSync('softhsm2-util', ['--version']).error === undefined ? false : 'softhsm2-util is missing';
}

function run(command: string, args: readonly string[]): void {
  const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8' });
  assert.equal(status, 0, `${command}: ${stderr || String(error)}`);
}

/** A fresh token with one AES key. */
async function token(): Promise<{ readonly folder: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'bartizan-softhsm-'));
  await mkdir(join(folder, 'tokens'));
  await writeFile(
    join(folder, 'softhsm2.conf'),
    `directories.tokendir = ${folder}/tokens\nobjectstore.backend = file\n`,
  );
  process.env['SOFTHSM2_CONF'] = join(folder, 'softhsm2.conf');
  run('softhsm2-util', ['--init-token', '--free', '--label', 'vault', '--so-pin', '1234', '--pin', '5678']);
  await writeFile(join(folder, 'key.bin'), crypto.getRandomValues(new Uint8Array(32)));
  run('softhsm2-util', [
    ...['--import', join(folder, 'key.bin'), '--aes', '--token', 'vault', '--label', 'kek'],
    ...['--id', 'a1', '--pin', '5678'],
  ]);
  return { folder };
}

test('the vault keeps its data keys under a key of a PKCS#11 token', { skip: missing() }, async (t) => {
  const { folder } = await token();
  t.after(() => rm(folder, { recursive: true, force: true }));
  const settings = { module, token: 'vault', pin: '5678', keyLabel: 'kek' };
  const kek = await openPkcs11Kek(settings);
  try {
    const documents = memoryDocuments({ now: () => Date.now() });
    const vault = createVault({ documents, kek });
    const name = { tenant: '', user: 'ada', upstream: 'github' };
    await vault.put(name, { token: 'x' }, 'absent');
    assert.deepEqual(await vault.get(name), { secret: { token: 'x' }, version: 1 });
    const aad = Buffer.from('aad');
    const wrapped = await kek.wrap(Buffer.alloc(32, 7), aad);
    assert.deepEqual(Buffer.from(await kek.unwrap(wrapped, aad)), Buffer.alloc(32, 7));
    await assert.rejects(kek.unwrap(wrapped, Buffer.from('other')));
    const altered = Buffer.from(wrapped);
    altered.writeUInt8(altered.readUInt8(20) ^ 1, 20);
    await assert.rejects(kek.unwrap(altered, aad));
    // A refused key leaves the session in working order.
    assert.equal((await kek.unwrap(wrapped, aad)).byteLength, 32);
  } finally {
    kek.close();
  }
  await assert.rejects(openPkcs11Kek({ ...settings, pin: '0000' }), /turned the PIN down/);
  await assert.rejects(openPkcs11Kek({ ...settings, token: 'none' }), /no token `none`/);
  await assert.rejects(openPkcs11Kek({ ...settings, keyLabel: 'none' }), /no secret key `none`/);
});
