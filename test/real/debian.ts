/** Packages of Debian that tests need on the machine itself, because they cannot run out of a folder. */
import { command } from './command.ts';

let updated: Promise<void> | undefined;

/**
 * Makes sure that a program is there, by its Debian package if need be. Packages are installed only where that is wanted:
 * in CI, or with `REAL_INSTALL=1`, as root.
 * @throws Error with one line that says what to install
 */
export async function debian(packageName: string, isThere: () => Promise<unknown>): Promise<void> {
  const found = await isThere().then(
    () => true,
    () => false,
  );
  if (found) return;
  const { CI = '', REAL_INSTALL = '' } = process.env;
  const wanted = CI !== '' || REAL_INSTALL !== '';
  if (!wanted || process.getuid?.() !== 0)
    throw new Error(`install the Debian package \`${packageName}\`, or run this as root with REAL_INSTALL=1`);
  updated ??= command('apt-get', ['update'], '/');
  await updated;
  const flags = ['install', '-y', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=120'];
  await command('apt-get', [...flags, packageName], '/');
  await isThere();
}
