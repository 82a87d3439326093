import { EvaluationFault } from './fault.ts';
import type { IpValue } from './value.ts';

const octet = /^(?:0|[1-9][0-9]{0,2})$/;
const group = /^[0-9A-Fa-f]{1,4}$/;
const prefixShape = /^(?:0|[1-9][0-9]{0,2})$/;
/** The longest text Cedar reads: eight groups, and a prefix of three digits. */
const longest = 43;

/** Parses an address or a range in CIDR notation, as Cedar does: IPv4 embedded in IPv6 is refused. */
export function parseIp(text: string): IpValue | undefined {
  if (text.length > longest) return undefined;
  const slash = text.indexOf('/');
  const host = slash < 0 ? text : text.slice(0, slash);
  const version = host.includes(':') ? 6 : 4;
  const address = version === 4 ? parseV4(host) : parseV6(host);
  const prefix = slash < 0 ? width(version) : parsePrefix(text.slice(slash + 1), version);
  if (address === undefined || prefix === undefined) return undefined;
  return { kind: 'ipaddr', version, address, prefix };
}

/** The address of a text, or a fault. */
export function ip(text: string): IpValue {
  const value = parseIp(text);
  if (value === undefined) throw new EvaluationFault(`\`${text}\` is not an IP address or range`);
  return value;
}

/** The text that {@link parseIp} reads back. */
export function ipText(ip: IpValue): string {
  const size = ip.version === 4 ? 8 : 16;
  const parts = Array.from({ length: width(ip.version) / size }, (_, at) => {
    const part = (ip.address >> BigInt(width(ip.version) - (at + 1) * size)) & ((1n << BigInt(size)) - 1n);
    return part.toString(ip.version === 4 ? 10 : 16);
  });
  return `${parts.join(ip.version === 4 ? '.' : ':')}/${ip.prefix}`;
}

/** Whether all of one range lies in another. */
export function isInRange(inner: IpValue, outer: IpValue): boolean {
  if (inner.version !== outer.version || inner.prefix < outer.prefix) return false;
  const hostBits = BigInt(width(outer.version) - outer.prefix);
  return inner.address >> hostBits === outer.address >> hostBits;
}

/** Whether all of the range is loopback: `127.0.0.0/8` or `::1`. */
export function isLoopback(ip: IpValue): boolean {
  return isInRange(ip, ip.version === 4 ? loopback4 : loopback6);
}

/** Whether all of the range is multicast: `224.0.0.0/4` or `ff00::/8`. */
export function isMulticast(ip: IpValue): boolean {
  return isInRange(ip, ip.version === 4 ? multicast4 : multicast6);
}

const loopback4: IpValue = { kind: 'ipaddr', version: 4, address: 0x7f000000n, prefix: 8 };
const loopback6: IpValue = { kind: 'ipaddr', version: 6, address: 1n, prefix: 128 };
const multicast4: IpValue = { kind: 'ipaddr', version: 4, address: 0xe0000000n, prefix: 4 };
const multicast6: IpValue = { kind: 'ipaddr', version: 6, address: 0xff00n << 112n, prefix: 8 };

function width(version: 4 | 6): number {
  return version === 4 ? 32 : 128;
}

function parsePrefix(text: string, version: 4 | 6): number | undefined {
  return prefixShape.test(text) && Number(text) <= width(version) ? Number(text) : undefined;
}

function parseV4(text: string): bigint | undefined {
  const octets = text.split('.');
  if (octets.length !== 4 || !octets.every((part) => octet.test(part) && Number(part) < 256))
    return undefined;
  return octets.reduce((sum, part) => (sum << 8n) | BigInt(part), 0n);
}

function parseV6(text: string): bigint | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const [head = [], tail] = halves.map((half) => (half === '' ? [] : half.split(':')));
  const given = head.length + (tail?.length ?? 0);
  if (tail === undefined ? given !== 8 : given > 7) return undefined;
  const groups = [...head, ...Array<string>(8 - given).fill('0'), ...(tail ?? [])];
  if (!groups.every((part) => group.test(part))) return undefined;
  return groups.reduce((sum, part) => (sum << 16n) | BigInt(`0x${part}`), 0n);
}
