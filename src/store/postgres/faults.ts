/** What the driver's errors mean to the operator, by SQLSTATE or system error. */
const mends: ReadonlyMap<string, string> = new Map([
  ['ECONNREFUSED', 'nothing listens there: start the server, or correct the host and port'],
  ['ENOTFOUND', 'there is no such host: correct the host'],
  ['28P01', 'it turned the password down: correct user and password'],
  ['28000', 'it turned the user down: correct the user, or the server’s `pg_hba.conf`'],
  ['3D000', 'there is no such database: make it with `createdb`, or correct its name'],
  [
    '42501',
    'the user may not do this: grant it CREATE on the schema, or let the owner start the gateway once',
  ],
  ['53300', 'it has too many connections: raise `max_connections`'],
  ['57P03', 'it is starting or stopping: try again'],
  ['57014', 'it took too long over a statement and stopped it'],
  ['25006', 'it is a standby that only reads: name the primary server'],
]);

/** Names the database and the mend. The driver's own error is the cause; it holds no password. */
export function explained(error: unknown, shown: string): Error {
  if (!(error instanceof Error)) return new Error(`the database \`${shown}\` failed: ${String(error)}`);
  const { code } = error as { readonly code?: unknown };
  const mend = typeof code === 'string' ? mends.get(code) : undefined;
  return new Error(`the database \`${shown}\` cannot be used: ${mend ?? plain(error)}`, { cause: error });
}

function plain({ message, name }: Error): string {
  if (isTimeout(message)) return 'it does not answer in time';
  return message === '' ? name : message;
}

/** The driver has no codes for its own limits. */
export function isTimeout(message: string): boolean {
  return /timeout/i.test(message);
}
