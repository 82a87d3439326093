import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Exchange } from './exchange.ts';
import type { Mount } from './options.ts';
import { checkHost, type OriginRule } from './origins.ts';
import { refusalAnswer } from './refusal-answer.ts';

/** Gives a request to the mount of its path; false where none stands. */
export type Mounted = (exchange: Exchange, request: IncomingMessage, response: ServerResponse) => boolean;

/** Serves what stands beside MCP. They change with the configuration, so they are asked for every time. */
export function mounts(list: () => readonly Mount[], rule: OriginRule): Mounted {
  return (exchange, request, response) => {
    const mount = list().find(({ paths }) => paths.some((path) => isAt(path, exchange.path)));
    if (mount === undefined) return false;
    const foreign = checkHost(rule, exchange);
    if (foreign === undefined) mount.serve(request, response);
    else {
      const { status, document } = refusalAnswer({ refusal: foreign, id: undefined });
      exchange.respond(status, ['Content-Type', 'application/json'], document.bytes);
    }
    return true;
  };
}

function isAt(base: string, path: string): boolean {
  return path === base || path.startsWith(`${base}/`);
}
