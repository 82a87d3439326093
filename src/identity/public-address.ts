import { BlockList, isIP } from 'node:net';

/**
 * What is not on the public Internet, or not one host of it: the special-purpose registries of IANA (RFC 6890) with
 * loopback, private, shared (RFC 6598), link-local (cloud metadata stands at 169.254.169.254), multicast and reserved
 * addresses, and the ranges that carry an IPv4 address inside an IPv6 one.
 */
const special: Families = { ipv4: blockList('ipv4', specialIpv4()), ipv6: blockList('ipv6', specialIpv6()) };

const loopback: Families = {
  ipv4: blockList('ipv4', [['127.0.0.0', 8]]),
  ipv6: blockList('ipv6', [['::1', 128]]),
};

/** One list for each family: a `BlockList` also compares an IPv4 address with IPv6 ranges, as `::ffff:a.b.c.d`. */
interface Families {
  readonly ipv4: BlockList;
  readonly ipv6: BlockList;
}

/** Whether an IP address is one that any host of the public Internet may have. What is no address is not. */
export function isPublicAddress(address: string): boolean {
  const family = familyOf(address);
  return family !== undefined && !special[family].check(address, family);
}

/** Whether an IP address is this machine's loopback. */
export function isLoopbackAddress(address: string): boolean {
  const family = familyOf(address);
  return family !== undefined && loopback[family].check(address, family);
}

function familyOf(address: string): 'ipv4' | 'ipv6' | undefined {
  const version = isIP(address);
  if (version === 0) return undefined;
  return version === 4 ? 'ipv4' : 'ipv6';
}

function specialIpv4(): readonly Range[] {
  return [
    ['0.0.0.0', 8],
    ['10.0.0.0', 8],
    ['100.64.0.0', 10],
    ['127.0.0.0', 8],
    ['169.254.0.0', 16],
    ['172.16.0.0', 12],
    ['192.0.0.0', 24],
    ['192.0.2.0', 24],
    ['192.31.196.0', 24],
    ['192.52.193.0', 24],
    ['192.88.99.0', 24],
    ['192.168.0.0', 16],
    ['192.175.48.0', 24],
    ['198.18.0.0', 15],
    ['198.51.100.0', 24],
    ['203.0.113.0', 24],
    ['224.0.0.0', 3],
  ];
}

function specialIpv6(): readonly Range[] {
  return [
    ['::', 96],
    ['::ffff:0:0', 96],
    ['64:ff9b::', 96],
    ['64:ff9b:1::', 48],
    ['100::', 63],
    ['2001::', 23],
    ['2001:db8::', 32],
    ['2002::', 16],
    ['2620:4f:8000::', 48],
    ['3fff::', 20],
    ['5f00::', 16],
    ['fc00::', 7],
    ['fe80::', 9],
    ['ff00::', 8],
  ];
}

type Range = readonly [net: string, prefix: number];

function blockList(family: 'ipv4' | 'ipv6', ranges: readonly Range[]): BlockList {
  const list = new BlockList();
  for (const [net, prefix] of ranges) list.addSubnet(net, prefix, family);
  return list;
}
