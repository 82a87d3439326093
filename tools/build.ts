import { chmodSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { runNode } from './house/step.ts';

/** `npm run build`: a clean `dist/` by plain `tsc`, with the command made executable. */
const root = process.cwd();
rmSync(join(root, 'dist'), { recursive: true, force: true });
const ended = await runNode(['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'], root, 120_000);
process.stdout.write(ended.output);
if (ended.code === 0) chmodSync(join(root, 'dist/cli/main.js'), 0o755);
process.exitCode = ended.code ?? 1;
