import type { JsonObject } from '../../model/json.ts';

/** The client capabilities that the gateway polices. Extensions and experimental ones are denied by default. */
const policed: ReadonlySet<string> = new Set(['elicitation', 'sampling', 'roots']);

/**
 * What is declared to an upstream on behalf of a client: what the client declared, less what the gateway does not
 * police (versioning, "Extension Negotiation"). The same object comes back if nothing has to be taken out.
 */
export function policedCapabilities(declared: JsonObject): JsonObject {
  for (const name in declared) {
    if (!policed.has(name)) {
      return Object.fromEntries(Object.entries(declared).filter(([member]) => policed.has(member)));
    }
  }
  return declared;
}

/** Every client capability that the gateway polices; for a session that only reads lists. */
export const allCapabilities: JsonObject = {
  elicitation: { form: {}, url: {} },
  sampling: {},
  roots: {},
};
