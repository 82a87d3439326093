import { ConfigError, formatProblem } from '../control/config-error.ts';
import { type ExitCode, exitCode } from './exit-code.ts';
import { output } from './output.ts';

/** Says why a command failed, and gives its exit status. */
export function reportError(error: unknown, json: boolean): ExitCode {
  const isConfig = error instanceof ConfigError;
  const lines = isConfig ? error.problems.map(formatProblem) : [messageOf(error)];
  if (json) output.data(JSON.stringify({ event: 'failed', problems: isConfig ? error.problems : lines }));
  for (const line of lines) output.say(`${output.style('red', 'error')} ${line}`);
  return isConfig ? exitCode.usage : exitCode.failed;
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code, port, address, path } = error as NodeJS.ErrnoException & { port?: number; address?: string };
  if (code === 'EADDRINUSE')
    return `${address ?? 'the address'}:${port ?? ''} is taken by another program, maybe another gateway; stop it, or choose with \`--port\``;
  if (code === 'EADDRNOTAVAIL')
    return `${address ?? 'that'} is no address of this machine; choose another with \`--host\` or \`listen.host\``;
  if (code === 'EACCES' && port !== undefined)
    return `port ${port} needs more rights; choose one above 1023 with \`--port\``;
  return fileTrouble(code, path) ?? error.message;
}

function fileTrouble(code: string | undefined, path: string | undefined): string | undefined {
  const trouble = fileTroubles[code ?? ''];
  return trouble === undefined || path === undefined ? undefined : `\`${path}\` ${trouble}; ${elsewhere}`;
}

const elsewhere = 'mend that, or name another place with `state.directory` or `audit.directory`';

/** What the system says of a path, in words. */
const fileTroubles: Readonly<Record<string, string>> = {
  EACCES: 'may not be read or written by this user',
  EPERM: 'may not be read or written by this user',
  EROFS: 'is on a file system that only reads',
  EEXIST: 'is a file and should be a directory',
  ENOTDIR: 'needs a directory where there is a file',
  ENOSPC: 'cannot be written: the disk is full',
};
