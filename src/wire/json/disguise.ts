/** Members by which messages are routed, authorized and answered. */
const protocolMembers: ReadonlySet<string> = new Set([
  'jsonrpc',
  'id',
  'method',
  'params',
  'result',
  'error',
  'name',
  'uri',
  'arguments',
  '_meta',
  'taskId',
  'requestState',
  'inputResponses',
]);

const folded: ReadonlySet<string> = new Set([...protocolMembers].map(fold));

/**
 * Whether a member name reads as a protocol member to a lax parser but is another string: other case, compatibility
 * characters, invisible characters (CVE-2026-27896 and GHSA-q382-vc8q-7jhj were parsers of that kind).
 */
export function isDisguised(name: string): boolean {
  return !protocolMembers.has(name) && folded.has(fold(name));
}

function fold(name: string): string {
  return name
    .normalize('NFKC')
    .replace(/[\p{Cc}\p{Cf}\p{Mn}\s]/gu, '')
    .toLowerCase();
}
