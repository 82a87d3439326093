import type { Clock } from '../../pipeline/ports.ts';
import type { Documents, NewDocument, StoredDocument } from '../../pipeline/store-ports.ts';

/** Swept not below this size. */
const smallest = 1_024;

/** Documents that are forgotten with the process. Those that do not expire stay until they are removed. */
export function memoryDocuments({ now }: Pick<Clock, 'now'>): Documents {
  const shelves = new Map<string, Map<string, StoredDocument>>();
  let [written, sweepAt] = [0, smallest];
  const sweep = (): void => {
    written = sweepShelves(shelves, now());
    sweepAt = Math.max(smallest, written * 2);
  };
  const alive = (kind: string, id: string): StoredDocument | undefined => {
    const found = shelves.get(kind)?.get(id);
    return found === undefined || isOver(found, now()) ? undefined : found;
  };
  return {
    get: (kind, id) => structuredClone(alive(kind, id)),
    put: (kind, id, document, expected) => {
      const before = alive(kind, id);
      if (expected !== undefined && expected !== (before?.version ?? 'absent')) return 'conflict';
      written += 1;
      if (written > sweepAt) sweep();
      const shelf = shelves.get(kind) ?? new Map<string, StoredDocument>();
      shelves.set(kind, shelf);
      // What is new stands behind all others; what is written again keeps its place.
      if (before === undefined) shelf.delete(id);
      const version = (before?.version ?? 0) + 1;
      shelf.set(id, stored(id, version, document));
      return version;
    },
    remove: (kind, id) => alive(kind, id) !== undefined && shelves.get(kind)?.delete(id) === true,
    find: (kind, { index, limit }) =>
      [...(shelves.get(kind)?.values() ?? [])]
        .filter((document) => !isOver(document, now()) && (index === undefined || has(document, index)))
        .slice(0, limit)
        .map((document) => structuredClone(document)),
    close: () => Promise.resolve(),
  };
}

/** Drops what has expired, and answers how many documents are left. */
function sweepShelves(shelves: Map<string, Map<string, StoredDocument>>, now: number): number {
  let left = 0;
  for (const [kind, shelf] of shelves) {
    for (const [id, document] of shelf) if (isOver(document, now)) shelf.delete(id);
    if (shelf.size === 0) shelves.delete(kind);
    left += shelf.size;
  }
  return left;
}

function stored(id: string, version: number, { value, indexes, expiresAt }: NewDocument): StoredDocument {
  return structuredClone({
    id,
    version,
    value,
    ...(indexes !== undefined && { indexes }),
    ...(expiresAt !== undefined && { expiresAt }),
  });
}

function isOver({ expiresAt }: StoredDocument, now: number): boolean {
  return expiresAt !== undefined && now > expiresAt;
}

function has({ indexes = {} }: StoredDocument, { name, value }: { name: string; value: string }): boolean {
  return Object.hasOwn(indexes, name) && indexes[name] === value;
}
