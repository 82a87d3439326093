import { isIP, isIPv6 } from 'node:net';

/** Where a Workload API is. */
export interface EndpointAddress {
  /** As an operator wrote it. */
  readonly text: string;
  /** The same as a target of gRPC. */
  readonly target: string;
}

const mend = 'write `unix:///run/spire/agent.sock` or `tcp://127.0.0.1:8081`';

/**
 * Finds the Workload API by configuration, else by `SPIFFE_ENDPOINT_SOCKET` (Workload Endpoint section 4). Throws an error
 * that says what is wrong with the address and how it should look.
 */
export function endpointAddress(
  configured: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): EndpointAddress {
  const text = configured ?? environment['SPIFFE_ENDPOINT_SOCKET'];
  const where = configured === undefined ? 'the variable SPIFFE_ENDPOINT_SOCKET' : '`spiffe.socket`';
  if (text === undefined || text === '') {
    throw new Error(
      `the address of the SPIFFE Workload API is missing: set \`spiffe.socket\` or ${where}; ${mend}`,
    );
  }
  const found = parse(text);
  if (found.fault !== undefined) throw new Error(`${where} \`${text}\` ${found.fault}; ${mend}`);
  return { text, target: found.target };
}

type Parsed = { readonly target: string; readonly fault?: never } | { readonly fault: string };

function parse(text: string): Parsed {
  if (/[?#]/.test(text)) return { fault: 'has a query or a fragment' };
  if (text.startsWith('unix:')) return parseUnix(text.slice('unix:'.length));
  if (text.startsWith('tcp:')) return parseTcp(text.slice('tcp:'.length));
  return { fault: 'begins with neither `unix:` nor `tcp:`' };
}

function parseUnix(rest: string): Parsed {
  // RFC 3986 section 3: `//` begins an authority, which must be absent or empty.
  const path = rest.startsWith('//') ? rest.slice(2) : rest;
  if (!path.startsWith('/')) {
    return {
      fault: rest.startsWith('//') ? 'has a host, which unix: must not have' : 'has no absolute path',
    };
  }
  const decoded = decode(path);
  if (decoded === undefined || /[\0\r\n]/.test(decoded)) return { fault: 'has a path that cannot be read' };
  return decoded === '/' ? { fault: 'has no absolute path' } : { target: `unix:${decoded}` };
}

function decode(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}

function parseTcp(rest: string): Parsed {
  const match = /^\/\/(\[[0-9a-fA-F:.]+\]|[^/@:]*):(\d{1,5})(.*)$/.exec(rest);
  if (match === null) return { fault: 'is not `tcp://address:port`' };
  const [, host = '', port = '', more = ''] = match;
  if (more !== '') return { fault: 'has something behind the port' };
  const address = host.replace(/^\[|\]$/g, '');
  if (isIP(address) === 0 || isIPv6(address) !== host.startsWith('[')) {
    return { fault: 'names a host that is not an IP address' };
  }
  if (Number(port) < 1 || Number(port) > 65535) return { fault: 'names a port that does not exist' };
  return { target: `${isIPv6(address) ? 'ipv6' : 'ipv4'}:${host}:${port}` };
}
