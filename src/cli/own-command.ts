import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** How this program is started again from anywhere. */
export function ownCommand(here: string = fileURLToPath(import.meta.url)): readonly string[] {
  if (isFetchedByNpx(here)) return ['npx', '-y', 'bartizan'];
  return [process.execPath, mainBeside(here)];
}

/** How a person types it here; in a clone npx finds the Node.js that the gateway needs. */
export function typedCommand(here: string = fileURLToPath(import.meta.url)): string {
  if (!here.endsWith('.ts'))
    return isFetchedByNpx(here) || /[\\/]node_modules[\\/]/.test(here) ? 'npx bartizan' : 'bartizan';
  const main = relative(process.cwd(), mainBeside(here));
  return `npx node ${main.startsWith('..') ? mainBeside(here) : main}`;
}

function isFetchedByNpx(here: string): boolean {
  return /[\\/]_npx[\\/]/.test(here);
}

function mainBeside(here: string): string {
  return here.replace(/own-command(\.[jt]s)$/, 'main$1');
}
