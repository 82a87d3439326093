import { isJsonObject, type JsonObject, objectMember } from './json.ts';

/** The client capabilities that the gateway polices, with the options it knows. Extensions and others are denied by default. */
const policed: Readonly<Record<string, readonly string[]>> = {
  elicitation: ['form', 'url'],
  sampling: ['context', 'tools'],
  roots: ['listChanged'],
};

/** What a server may ask of a client, and the capability that the client needs for it (basic/patterns/mrtr). */
const asking: ReadonlyMap<unknown, string> = new Map([
  ['elicitation/create', 'elicitation'],
  ['sampling/createMessage', 'sampling'],
  ['roots/list', 'roots'],
]);

/** The client capability that a request of a server to its client needs; undefined for one that is not policed. */
export function capabilityToAsk(method: unknown): string | undefined {
  return asking.get(method);
}

/**
 * The option of that capability that a request needs, undefined if the capability alone will do: URL mode and form mode
 * of elicitation are declared apart (client/elicitation, "Capabilities"), and so are tools in sampling.
 */
export function optionToAsk(method: string, params: JsonObject | undefined): string | undefined {
  if (method === 'elicitation/create') return params?.['mode'] === 'url' ? 'url' : 'form';
  return method === 'sampling/createMessage' && params?.['tools'] !== undefined ? 'tools' : undefined;
}

/** Whether a client declared a capability with an option. An empty `elicitation` means form mode. */
export function isDeclared(declared: JsonObject, capability: string, option: string | undefined): boolean {
  const options = objectMember(declared, capability);
  if (options === undefined || option === undefined) return options !== undefined;
  return isJsonObject(options[option]) || (option === 'form' && options['url'] === undefined);
}

const names: readonly string[] = Object.keys(policed);

/**
 * What is declared to an upstream on behalf of a client: what the client declared, less what the gateway does not
 * police (versioning, "Extension Negotiation"). The same object comes back if nothing has to be taken out.
 */
export function policedCapabilities(declared: JsonObject): JsonObject {
  for (const name in declared) {
    if (!Object.hasOwn(policed, name)) {
      return Object.fromEntries(
        Object.entries(declared).filter(([member]) => Object.hasOwn(policed, member)),
      );
    }
  }
  return declared;
}

/** Declared capabilities in their one canonical form: known members and options, in a fixed order. */
export function canonicalCapabilities(declared: JsonObject): JsonObject {
  const declaredNames = names.filter((name) => isJsonObject(declared[name]));
  return Object.fromEntries(declaredNames.map((name) => [name, canonicalOptions(declared, name)]));
}

function canonicalOptions(declared: JsonObject, name: string): JsonObject {
  const given = objectMember(declared, name) ?? {};
  const options = (policed[name] ?? []).filter(
    (option) => given[option] !== undefined && given[option] !== false,
  );
  return Object.fromEntries(options.map((option) => [option, name === 'roots' ? true : {}]));
}

/** Tells apart clients that an upstream with sessions may treat differently. Clients that declare the same share a key. */
export function capabilityKey(declared: JsonObject): string {
  for (const name of names) {
    if (declared[name] !== undefined) return JSON.stringify(canonicalCapabilities(declared));
  }
  return '';
}
