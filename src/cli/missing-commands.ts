import { accessSync, constants } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import type { Settings } from '../control/settings.ts';

/**
 * A warning for each server whose program is not there to be started. Processes start with their first caller, so that
 * without it the person who starts the gateway would hear nothing of a slip.
 */
export function missingCommands(
  { servers }: Pick<Settings, 'servers'>,
  path: string = process.env['PATH'] ?? '',
  platform: NodeJS.Platform = process.platform,
): readonly string[] {
  // Windows adds endings and looks in places of its own.
  if (platform === 'win32') return [];
  return servers.flatMap(({ id, target }) => {
    if (target.kind !== 'stdio' || isThere(target.command, target.env['PATH'] ?? path, target.cwd)) return [];
    return [
      `the server \`${id}\` cannot start: there is no program \`${target.command}\`; install it, or write its full path`,
    ];
  });
}

function isThere(command: string, path: string, cwd: string): boolean {
  const places = command.includes('/')
    ? [resolve(cwd, command)]
    : path.split(delimiter).map((directory) => join(directory, command));
  return places.some(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
