import { isIP } from 'node:net';

/** Where a PostgreSQL server is. */
export interface ServerAddress {
  /** For the driver; it holds the password. */
  readonly connectionString: string;
  /** For messages: host, port and database, without user and password. */
  readonly shown: string;
}

/** Modes that libpq knows and that verify less than they seem to; all are taken as `verify-full`. */
const verified = new Set(['prefer', 'require', 'verify-ca', 'verify-full']);

/**
 * Reads `postgres://user:password@host:port/database`. Over a network `sslmode` must be said: `verify-full` (which is
 * also what `require` and `verify-ca` mean here), `no-verify`, or `disable`.
 *
 * @throws Error that names what to mend, and never the password
 */
export function parseServerAddress(url: string): ServerAddress {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined || !['postgres:', 'postgresql:'].includes(parsed.protocol))
    throw new Error(
      'the URL of the database is not of the form `postgres://user:password@host:5432/database`',
    );
  const shown = `${parsed.searchParams.get('host') ?? (parsed.host || 'localhost')}${parsed.pathname}`;
  const mode = parsed.searchParams.get('sslmode');
  if (mode !== null) parsed.searchParams.set('sslmode', modeOf(mode, shown));
  else if (!isOfThisMachine(parsed)) throw modeMissing(shown);
  return { connectionString: parsed.href, shown };
}

function modeOf(mode: string, shown: string): string {
  if (verified.has(mode)) return 'verify-full';
  if (mode === 'disable' || mode === 'no-verify') return mode;
  throw modeUnknown(shown, mode);
}

/** The address with a setting of the session added to those that it has. */
export function withSetting({ connectionString }: ServerAddress, name: string, value: string): string {
  const url = new URL(connectionString);
  const others = url.searchParams.get('options');
  url.searchParams.set('options', `${others === null ? '' : `${others} `}-c ${name}=${value}`);
  return url.href;
}

/** A name, an address of loopback, or a folder with a socket. */
function isOfThisMachine({ hostname, searchParams }: URL): boolean {
  const host = searchParams.get('host') ?? decodeURIComponent(hostname);
  if (host === '' || host === 'localhost' || host.startsWith('/')) return true;
  return host === '[::1]' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

function modeMissing(shown: string): Error {
  return new Error(
    `the database \`${shown}\` is on another machine, and its URL does not say how the way is protected: add ` +
      '`?sslmode=verify-full`, or `?sslmode=disable` where the network itself is protected',
  );
}

function modeUnknown(shown: string, mode: string): Error {
  return new Error(
    `the URL of the database \`${shown}\` has the unknown sslmode \`${mode}\`: write \`verify-full\`, \`no-verify\` ` +
      'or `disable`',
  );
}
