import { randomFillSync } from 'node:crypto';
import type { Clock } from '../pipeline/ports.ts';

/** The machine's clock and random source. */
export function systemClock(): Clock {
  return {
    now: Date.now,
    microseconds: () => performance.now() * 1000,
    uuid: uuidSource(Date.now),
  };
}

const idBytes = 10;
const idsAtOnce = 256;

/** UUIDv7 (RFC 9562 section 5.7): 48 bits of time, 74 random bits. Random bytes are drawn for many ids at once. */
function uuidSource(now: () => number): () => string {
  const pool = new Uint8Array(idBytes * idsAtOnce);
  let used = pool.length;
  return () => {
    if (used === pool.length) {
      randomFillSync(pool);
      used = 0;
    }
    const random = pool.subarray(used, used + idBytes);
    used += idBytes;
    return format(now(), random);
  };
}

function format(now: number, random: Uint8Array): string {
  const time = now.toString(16).padStart(12, '0');
  const hex = Buffer.from(random.buffer, random.byteOffset, random.length).toString('hex');
  const version = `7${hex.slice(0, 3)}`;
  const variant = (0x8 | (Number.parseInt(hex.charAt(3), 16) & 0x3)).toString(16) + hex.slice(4, 7);
  return `${time.slice(0, 8)}-${time.slice(8)}-${version}-${variant}-${hex.slice(7, 19)}`;
}
