/** SPIRE, built from the module that its authors publish: no distribution carries it. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

export const spireVersion = '1.15.3';

/** What the build does; another text builds again. */
export const spireRecipe: readonly string[] = [`spire ${spireVersion}`, 'without the authority of EJBCA'];

const module = 'github.com/spiffe/spire';
const limitMs = 20 * 60_000;
const tellEveryMs = 30_000;
const run = promisify(execFile);

/**
 * Builds `bin/spire-server` and `bin/spire-agent` in a folder: about twelve minutes of one processor, once.
 * @throws Error with one line that says why they cannot be had
 */
export async function installSpire(folder: string): Promise<void> {
  const deadline = Date.now() + limitMs;
  await run('go', ['version']).catch(() => {
    throw new Error('`go` is not on PATH: install Go 1.26 or later');
  });
  const asked = join(folder, 'ask');
  const source = join(folder, 'source');
  await mkdir(asked, { recursive: true });
  await writeFile(join(asked, 'go.mod'), `module ask\n\ngo 1.26\n\nrequire ${module} v${spireVersion}\n`);
  await go('fetching the module', asked, deadline, ['mod', 'download', module]);
  const { stdout } = await run('go', ['list', '-m', '-f', '{{.Dir}}', module], { cwd: asked });
  await cp(stdout.trim(), source, { recursive: true });
  await makeWritable(source);
  await leaveOutEjbca(source);
  const flags = ['-trimpath', '-ldflags', '-s -w', '-o', `${join(folder, 'bin')}/`];
  await mkdir(join(folder, 'bin'), { recursive: true });
  await go('building', source, deadline, ['build', ...flags, './cmd/spire-server', './cmd/spire-agent']);
  await Promise.all([asked, source].map((made) => rm(made, { recursive: true, force: true })));
}

/** The module cache is read-only, and copies are what they were copied from. */
async function makeWritable(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true }))
    await chmod(join(entry.parentPath, entry.name), entry.isDirectory() ? 0o755 : 0o644);
}

/** An upstream authority that nobody here uses, whose module the public proxy does not have. */
async function leaveOutEjbca(source: string): Promise<void> {
  const file = join(source, 'pkg/server/catalog/upstreamauthority.go');
  const lines = (await readFile(file, 'utf8')).split('\n');
  const kept = lines.filter((line) => !line.includes('ejbca'));
  if (lines.length - kept.length !== 2) throw new Error('`upstreamauthority.go` of SPIRE is not what it was');
  await writeFile(file, kept.join('\n'));
}

async function go(step: string, cwd: string, deadline: number, args: readonly string[]): Promise<void> {
  const began = Date.now();
  const env = { ...process.env, GOFLAGS: '-mod=mod -buildvcs=false' };
  const child = spawn('go', args, { cwd, env, stdio: ['ignore', 'ignore', 'pipe'] });
  const teller = setInterval(() => {
    console.log(`SPIRE: ${step}, for ${Math.round((Date.now() - began) / 1_000)} s`);
  }, tellEveryMs);
  const killer = setTimeout(() => child.kill('SIGKILL'), Math.max(0, deadline - Date.now()));
  let last = '';
  createInterface({ input: child.stderr }).on('line', (line) => {
    last = line.trim() || last;
  });
  try {
    const [code, signal] = await once(child, 'close');
    if (signal !== null) throw new Error(`${step}: not done after ${limitMs / 60_000} minutes in all`);
    if (code !== 0) throw new Error(`${step}: ${last.slice(0, 200)}`);
  } finally {
    clearInterval(teller);
    clearTimeout(killer);
  }
}
