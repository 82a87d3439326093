import type { Documents, NewDocument, StoredDocument } from '../../pipeline/store-ports.ts';
import { RequestFault } from './request-fault.ts';

const attempts = 8;

/**
 * Reads a document, makes the next one and writes it, again when somebody else was quicker. `make` may answer undefined
 * to leave it as it is. Answers whether it was written.
 * @throws RequestFault when others are quicker every time
 */
export async function changeDocument(
  documents: Documents,
  kind: string,
  id: string,
  make: (found: StoredDocument | undefined) => NewDocument | undefined,
): Promise<boolean> {
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const found = await documents.get(kind, id);
    const next = make(found);
    if (next === undefined) return false;
    const put = await documents.put(kind, id, next, found?.version ?? 'absent');
    if (put !== 'conflict') return true;
  }
  throw new RequestFault(503, 'too many requests at once; try again', 1);
}
