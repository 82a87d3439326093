import type { Call, Reply } from '../../model/call.ts';
import {
  isJsonObject,
  type JsonDocument,
  type JsonObject,
  type JsonValue,
  objectMember,
} from '../../model/json.ts';
import { specMetaPrefix } from '../../model/meta-key.ts';
import { methodFacts } from '../../model/method.ts';
import type { FrontDialect } from '../codec.ts';
import { type Edit, editDocument } from '../json/edit.ts';
import { legacyError } from './legacy-error.ts';

/** What an older revision lacks, compared with the inner shape. */
export interface LegacyFacts {
  /** Request methods beyond those that every older revision has. */
  readonly methods?: readonly string[];
  /** Notifications to the client beyond those that every older revision has. */
  readonly notifications?: readonly string[];
  /** Members of list items that the revision does not know. */
  readonly itemsWithout: readonly string[];
  /** Has `structuredContent` and `outputSchema`. Both must be objects there. */
  readonly structured: boolean;
  /** Content types that the revision does not know. */
  readonly contentWithout: readonly string[];
}

const commonMethods = [
  'initialize',
  'ping',
  'tools/list',
  'tools/call',
  'resources/list',
  'resources/templates/list',
  'resources/read',
  'resources/subscribe',
  'resources/unsubscribe',
  'prompts/list',
  'prompts/get',
  'completion/complete',
  'logging/setLevel',
];

const commonNotifications = [
  'notifications/progress',
  'notifications/message',
  'notifications/resources/updated',
  'notifications/resources/list_changed',
  'notifications/tools/list_changed',
  'notifications/prompts/list_changed',
];

/** Members of a result that came with 2026-07-28. */
const newMembers = ['resultType', 'ttlMs', 'cacheScope'];

/** A client of a revision with sessions. */
export function legacyFront(facts: LegacyFacts): FrontDialect {
  const notifications: ReadonlySet<string> = new Set([
    ...commonNotifications,
    ...(facts.notifications ?? []),
  ]);
  const reply = legacyReply(facts);
  return {
    methods: new Set([...commonMethods, ...(facts.methods ?? [])]),
    reply,
    notification: (message) => {
      const method = message.value['method'];
      if (typeof method !== 'string' || !notifications.has(method)) return undefined;
      return editDocument(message, metaEdits(message.value, 'params'));
    },
  };
}

function legacyReply(facts: LegacyFacts): (reply: Reply, call: Call) => JsonDocument {
  return ({ document }, call) => {
    const { value } = document;
    const sameId: readonly Edit[] = value['id'] === call.id ? [] : [{ path: ['id'], value: call.id }];
    const error = objectMember(value, 'error');
    if (error !== undefined) return editDocument(document, [...sameId, ...legacyError(error, call)]);
    const result = objectMember(value, 'result') ?? {};
    const older = newMembers.filter((member) => result[member] !== undefined);
    return editDocument(document, [
      ...sameId,
      ...older.map((member) => ({ path: ['result', member], value: undefined })),
      ...metaEdits(value, 'result'),
      ...resultEdits(facts, call, result),
    ]);
  };
}

/** Takes the reserved members of 2026-07-28 out of `_meta`, and `_meta` itself if nothing else is in it. */
function metaEdits(message: JsonObject, part: 'result' | 'params'): readonly Edit[] {
  const meta = objectMember(objectMember(message, part), '_meta');
  if (meta === undefined) return [];
  const names = Object.keys(meta);
  const reserved = names.filter((name) => name.startsWith(specMetaPrefix));
  if (reserved.length === 0) return [];
  if (reserved.length === names.length) return [{ path: [part, '_meta'], value: undefined }];
  return reserved.map((name) => ({ path: [part, '_meta', name], value: undefined }));
}

function resultEdits(facts: LegacyFacts, call: Call, result: JsonObject): readonly Edit[] {
  const items = methodFacts(call.method)?.items;
  if (items !== undefined) return listEdit(items, result, (item) => olderItem(facts, item));
  if (call.method === 'tools/call') {
    return [
      ...structuredEdit(facts, result),
      ...listEdit('content', result, (block) => olderContent(facts, block)),
    ];
  }
  if (call.method === 'prompts/get')
    return listEdit('messages', result, (message) => olderMessage(facts, message));
  return [];
}

function listEdit(
  member: string,
  result: JsonObject,
  change: (item: JsonObject) => JsonObject,
): readonly Edit[] {
  const list = result[member];
  if (!Array.isArray(list)) return [];
  const changed = (list as readonly JsonValue[]).map((item) => (isJsonObject(item) ? change(item) : item));
  return changed.some((item, index) => item !== list[index])
    ? [{ path: ['result', member], value: changed }]
    : [];
}

function olderItem(facts: LegacyFacts, item: JsonObject): JsonObject {
  const drop = facts.itemsWithout.filter((member) => item[member] !== undefined);
  const schema = objectMember(item, 'outputSchema');
  if (schema !== undefined && (!facts.structured || schema['type'] !== 'object')) drop.push('outputSchema');
  if (drop.length === 0) return item;
  return Object.fromEntries(Object.entries(item).filter(([member]) => !drop.includes(member)));
}

/** Since 2026-07-28 structured content may be any JSON value; before, only an object. */
function structuredEdit(facts: LegacyFacts, result: JsonObject): readonly Edit[] {
  const structured = result['structuredContent'];
  if (structured === undefined || (facts.structured && isJsonObject(structured))) return [];
  return [{ path: ['result', 'structuredContent'], value: undefined }];
}

function olderMessage(facts: LegacyFacts, message: JsonObject): JsonObject {
  const content = message['content'];
  if (!isJsonObject(content)) return message;
  const older = olderContent(facts, content);
  return older === content ? message : { ...message, content: older };
}

/** Content of a type that the revision lacks becomes a text that says what stood there. */
function olderContent(facts: LegacyFacts, block: JsonObject): JsonObject {
  const type = block['type'];
  if (typeof type !== 'string' || !facts.contentWithout.includes(type)) return block;
  const what = [block['name'], block['uri'], block['mimeType']].filter((part) => typeof part === 'string');
  return { type: 'text', text: `[${[type, ...what].join(' ')}]` };
}
