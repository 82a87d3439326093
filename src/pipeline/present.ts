import type { Reply } from '../model/call.ts';
import { arrayMember, isJsonObject, type JsonObject, type JsonValue, objectMember } from '../model/json.ts';
import { withoutOwnMeta } from '../model/meta-key.ts';
import { methods } from '../model/method.ts';
import { type Endpoint, publicUri } from '../model/public-name.ts';
import type { ServerId } from '../model/server-id.ts';
import type { Charged } from './charge-result.ts';
import { withResult } from './reply.ts';
import type { Stage } from './stage.ts';

/** The answer as the client may read it: public names, honest cache hints, no borrowed authority. */
export interface Presented extends Charged {
  readonly presented: Reply;
}

/** Changes an answer only where it must; else the upstream's bytes stay as they are. */
export function present(): Stage<Charged, { readonly presented: Reply }> {
  return {
    name: 'present',
    run: (state) => {
      const { cleared } = state;
      const result = objectMember(cleared.document.value, 'result');
      if (result === undefined) return { presented: cleared };
      const shown = cacheHints(state, publicUris(state, inOwnName(result)));
      return { presented: shown === result ? cleared : withResult(cleared, shown) };
    },
  };
}

/** An upstream cannot speak for the gateway. */
function inOwnName(result: JsonObject): JsonObject {
  const meta = objectMember(result, '_meta');
  const own = meta && withoutOwnMeta(meta);
  return own === meta ? result : { ...result, _meta: own };
}

/**
 * What was filtered or decided for one principal is `private`, and lives no longer than the upstream says or the
 * caller's token (server/utilities/caching). An answer that asks for input is never cached.
 */
function cacheHints({ call, subject, cleared, instant }: Charged, result: JsonObject): JsonObject {
  if (methods[call.method].cacheable !== true || cleared.kind !== 'complete') return result;
  const { ttlMs, cacheScope } = result;
  const asked = typeof ttlMs === 'number' && ttlMs > 0 ? ttlMs : 0;
  const allowed = Math.min(asked, Math.max(0, subject.expiresAt - instant));
  if (ttlMs === allowed && cacheScope === 'private') return result;
  return { ...result, ttlMs: allowed, cacheScope: 'private' };
}

/** On the aggregate endpoint, resources that a result holds or links to get the names under which they can be read. */
function publicUris({ call, route }: Charged, result: JsonObject): JsonObject {
  if (route.kind !== 'relay' || call.endpoint.kind === 'server') return result;
  const rename = renaming(call.endpoint, route.primitive.server);
  const lists = ['content', 'contents', 'messages'].flatMap((member) => {
    const blocks = arrayMember(result, member) ?? [];
    const renamed = blocks.map(rename);
    return renamed.some((block, index) => block !== blocks[index]) ? [[member, renamed] as const] : [];
  });
  return lists.length === 0 ? result : { ...result, ...Object.fromEntries(lists) };
}

/**
 * Renames the URI of a content block: a link, an embedded resource, read contents, or a message that holds one. A block
 * without a URI comes back as it is.
 */
function renaming(endpoint: Endpoint, server: ServerId): (block: JsonValue) => JsonValue {
  const rename = (block: JsonValue): JsonValue => {
    if (!isJsonObject(block)) return block;
    const { uri, resource, content } = block;
    const renamed = {
      ...(typeof uri === 'string' && { uri: publicUri(endpoint, server, uri) }),
      ...(isJsonObject(resource) && { resource: rename(resource) }),
      ...(isJsonObject(content) && { content: rename(content) }),
    };
    const isSame = Object.entries(renamed).every(([member, value]) => block[member] === value);
    return isSame ? block : { ...block, ...renamed };
  };
  return rename;
}
