import { arrayMember, isJsonObject, type JsonObject, objectMember, stringMember } from '../../model/json.ts';
import { mirrorsOf } from '../../wire/param-headers.ts';

/** What the bridge has learned of the tools, from the lists that passed by. */
export interface KnownTools {
  /** Takes in an answer to `tools/list`. */
  readonly learn: (answer: JsonObject) => void;
  /** The `Mcp-Param-*` headers of a call (2026-07-28, streamable-http, "Custom Headers"). */
  readonly headers: (name: string, args: JsonObject) => Readonly<Record<string, string>>;
}

/** More tools than any client shows a model. Beyond it the oldest are forgotten, and asked for again when called. */
const mostTools = 10_000;

/** Remembers no tools yet. */
export function knownTools(): KnownTools {
  const items = new Map<string, JsonObject>();
  return {
    learn: (answer) => {
      for (const item of arrayMember(objectMember(answer, 'result'), 'tools') ?? []) {
        if (isJsonObject(item)) remember(items, item);
      }
    },
    headers: (name, args) => {
      const item = items.get(name);
      return item === undefined ? {} : mirrorsOf(item, args);
    },
  };
}

function remember(items: Map<string, JsonObject>, item: JsonObject): void {
  const name = stringMember(item, 'name');
  if (name === undefined) return;
  items.delete(name);
  items.set(name, item);
  const [oldest] = items.keys();
  if (items.size > mostTools && oldest !== undefined) items.delete(oldest);
}
