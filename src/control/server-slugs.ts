import { createHash } from 'node:crypto';
import { parseServerId, type ServerId } from '../model/server-id.ts';

/**
 * Gives every name a server id: a name that is one keeps it; any other is made one (`My Files` becomes `my-files`).
 * The same names get the same ids in any order, and two names never share an id: where they would, each of those that
 * had to be changed carries six digits of its own name's SHA-256.
 */
export function slugServerIds(
  names: readonly string[],
  taken: ReadonlySet<string>,
): ReadonlyMap<string, ServerId> {
  const kept = new Set([...names.filter((name) => parseServerId(name) !== undefined), ...taken]);
  const plain = names.filter((name) => !kept.has(name)).map(slug);
  const isShared = (text: string): boolean =>
    kept.has(text) || plain.filter((other) => other === text).length > 1;
  const entries = names.map((name): readonly [string, ServerId | undefined] => {
    const text = slug(name);
    const id = kept.has(name) ? name : isShared(text) ? withDigest(text, name) : text;
    return [name, parseServerId(id)];
  });
  return new Map(entries.filter((entry): entry is readonly [string, ServerId] => entry[1] !== undefined));
}

function slug(name: string): string {
  const words = name
    .normalize('NFKD')
    .toLowerCase()
    .replaceAll(/\p{M}/gu, '')
    .replaceAll(/[^a-z0-9]+/g, '-');
  const bare = words.replace(/^-+|-+$/g, '');
  if (bare === '') return withDigest('server', name);
  return cut(/^[a-z]/.test(bare) ? bare : `s-${bare}`, 32);
}

function withDigest(text: string, name: string): string {
  return `${cut(text, 25)}-${createHash('sha256').update(name).digest('hex').slice(0, 6)}`;
}

function cut(text: string, length: number): string {
  return text.slice(0, length).replace(/-+$/, '');
}
