import type { FrontDialect } from '../codec.ts';
import { editDocument } from '../json/edit.ts';

/** A client that speaks the inner shape: answers pass as they are, under the id of the call. */
export function modernFront(methods: ReadonlySet<string>): FrontDialect {
  return {
    methods,
    reply: ({ document }, { id }) =>
      document.value['id'] === id ? document : editDocument(document, [{ path: ['id'], value: id }]),
    notification: (message) => message,
  };
}
