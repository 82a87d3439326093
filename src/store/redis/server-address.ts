/** Where a server is and how to log in there. */
export interface ServerAddress {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  readonly username?: string;
  readonly password?: string;
  readonly database?: number;
  /** Host and port, for messages; never the password. */
  readonly name: string;
}

const shape = '`redis[s]://[username:password@]host[:port][/database]`';

/**
 * Reads `redis://` and `rediss://` (TLS) URLs.
 * @throws Error that says what is wrong without repeating the URL, because it may hold a password
 */
export function parseServerAddress(text: string): ServerAddress {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !['redis:', 'rediss:'].includes(url.protocol) || url.hostname === '')
    throw new Error(`the address of the shared state is no Redis URL: write ${shape}`);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = url.port === '' ? 6379 : Number(url.port);
  return {
    host,
    port,
    tls: url.protocol === 'rediss:',
    ...(url.username !== '' && { username: decoded(url.username) }),
    ...(url.password !== '' && { password: decoded(url.password) }),
    ...databaseOf(url),
    name: `${url.hostname}:${port}`,
  };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new Error('user name or password in the Redis URL: write `%` as `%25`');
  }
}

function databaseOf({ pathname }: URL): Pick<ServerAddress, 'database'> {
  const digits = pathname.replace(/^\//, '');
  if (digits === '') return {};
  if (!/^\d{1,5}$/.test(digits))
    throw new Error(`the database in the Redis URL is no number: write ${shape}`);
  return { database: Number(digits) };
}
