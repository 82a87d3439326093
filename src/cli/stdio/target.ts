import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { findRunning, type Running } from '../../control/running.ts';
import type { RequestAuthorization } from '../../task/index.ts';

/** Where the bridge sends messages, and what proves who sends them. */
export interface Target {
  readonly url: URL;
  readonly token: string | undefined;
  /** Authorizes each request on its own, in place of the token: the bridge runs in a task. */
  readonly task?: RequestAuthorization;
}

/** What the user said of the gateway; the environment and the running gateway fill in the rest. */
export interface TargetOptions {
  /** An MCP endpoint. Default: `BARTIZAN_URL`, else the gateway that runs on this machine. */
  readonly url?: string | undefined;
  /** Default: the file, else `BARTIZAN_TOKEN`, else the owner's token of the gateway that runs on this machine. */
  readonly token?: string | undefined;
  readonly tokenFile?: string | undefined;
  /** One server instead of all together. */
  readonly server?: string | undefined;
  /** Where the running gateway keeps its state. Default: `BARTIZAN_HOME`, else `~/.bartizan`. */
  readonly stateDirectory?: string | undefined;
}

/**
 * Finds the gateway. Asked again when a gateway was started anew, because its port and token may differ.
 * @throws Error that says what to do when there is no gateway or the token cannot be read
 */
export async function findTarget(options: TargetOptions): Promise<Target> {
  const directory = options.stateDirectory ?? (process.env['BARTIZAN_HOME'] || join(homedir(), '.bartizan'));
  const running = await findRunning(directory);
  const given = options.url ?? process.env['BARTIZAN_URL'];
  const url = given ? parseEndpoint(given, options.server) : endpointOf(running, directory, options.server);
  return { url, token: await tokenFor(url, options, running) };
}

function endpointOf(running: Running | undefined, directory: string, server: string | undefined): URL {
  if (running === undefined) {
    throw new Error(
      `no gateway runs with the state directory \`${directory}\`; start one with \`bartizan up\`, name its state ` +
        'directory with `--state-directory`, or its endpoint with `--url` or `BARTIZAN_URL`',
    );
  }
  if (server === undefined) return new URL('/mcp', running.url);
  const endpoint = running.endpoints[server];
  if (endpoint !== undefined) return new URL(endpoint);
  const known = Object.keys(running.endpoints).join(', ');
  throw new Error(`the gateway has no server \`${server}\`; it has: ${known}`);
}

function parseEndpoint(given: string, server: string | undefined): URL {
  const url = URL.parse(given);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new Error(
      `\`${given}\` is not an http or https URL; give the endpoint, such as http://127.0.0.1:7300/mcp`,
    );
  }
  if (/^\/(?:mcp\/?)?$/.test(url.pathname)) url.pathname = server === undefined ? '/mcp' : `/mcp/${server}`;
  else if (server !== undefined) {
    throw new Error(`\`${given}\` names one server already; leave \`--server\` out, or the path of the URL`);
  }
  return url;
}

async function tokenFor(
  url: URL,
  options: TargetOptions,
  running: Running | undefined,
): Promise<string | undefined> {
  if (options.token !== undefined) return options.token;
  if (options.tokenFile !== undefined) return readToken(options.tokenFile);
  const fromEnvironment = process.env['BARTIZAN_TOKEN'];
  if (fromEnvironment) return fromEnvironment;
  // INVARIANT: the owner's token goes to the gateway that wrote it and to no other address.
  if (running === undefined || new URL(running.url).origin !== url.origin) return undefined;
  return readToken(running.tokenFile).catch(() => undefined);
}

async function readToken(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new Error(`cannot read the token file \`${file}\`: ${error.code ?? error.message}`);
  });
  return text.trim();
}
