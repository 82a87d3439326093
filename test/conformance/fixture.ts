/** Starts the fixture server that the suite examines. */
import { fileURLToPath } from 'node:url';
import type { Child } from './child.ts';
import { startNode } from './child.ts';

export type FixtureKind = 'dual' | 'modern' | 'legacy' | 'sloppy';

const script = fileURLToPath(new URL('../fixtures/conformance-server.ts', import.meta.url));

export async function startFixture(kind: FixtureKind): Promise<Child & { readonly url: string }> {
  const mode = kind === 'sloppy' ? ['--sloppy'] : ['--era', kind];
  const { ready: url, stop } = await startNode(
    [script, '--port', '0', ...mode],
    (line) => /^listening (\S+)$/.exec(line)?.[1],
  );
  return { url, stop };
}
