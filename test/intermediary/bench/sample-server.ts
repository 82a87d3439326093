import type { JsonObject } from '../../../src/model/json.ts';
import { objectMember, stringMember } from '../../../src/model/json.ts';

/** How the sample server talks beside its answer. */
export interface Conversation {
  readonly send: (message: JsonObject) => void;
  /** Asks the client, as servers of older revisions do; resolves with its response. */
  readonly ask: (method: string, params: JsonObject) => Promise<JsonObject>;
}

export type ServerEra = 'modern' | 'legacy';

const inputSchema = { type: 'object' };
const tools = [
  { name: 'echo', description: 'gives its arguments back', inputSchema },
  { name: 'slow', description: 'reports progress', inputSchema },
  { name: 'ask', description: 'asks for a name', inputSchema },
];
const question = {
  mode: 'form',
  message: 'what is your name?',
  requestedSchema: { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] },
};
const capabilities = { tools: {}, resources: {}, prompts: {} };
const cached = { ttlMs: 0, cacheScope: 'private' };

/** Where state that a client must bring back shows: only this text is taken. */
const sampleState = 'state of the sample server';

/** A small MCP server of either era, over any transport: the response to a message, or undefined for none. */
export async function answerSample(
  era: ServerEra,
  message: JsonObject,
  conversation: Conversation,
): Promise<JsonObject | undefined> {
  const { id, method } = message;
  if (id === undefined || typeof method !== 'string') return undefined;
  const params = objectMember(message, 'params') ?? {};
  const answer = await resultOf(era, method, params, conversation);
  if (answer === undefined)
    return { jsonrpc: '2.0', id, error: { code: -32601, message: 'Method not found' } };
  if (typeof answer['code'] === 'number') return { jsonrpc: '2.0', id, error: answer };
  return { jsonrpc: '2.0', id, result: era === 'modern' ? { resultType: 'complete', ...answer } : answer };
}

async function resultOf(
  era: ServerEra,
  method: string,
  params: JsonObject,
  conversation: Conversation,
): Promise<JsonObject | undefined> {
  if (method === 'tools/call') return call(era, params, conversation);
  if (method === 'resources/read') return read(era, params);
  if (method === 'prompts/get') return prompt(params);
  const lists: Readonly<Record<string, JsonObject>> = {
    'tools/list': { tools },
    'resources/list': { resources: [{ uri: 'sample:///a', name: 'a' }] },
    'resources/templates/list': { resourceTemplates: [{ uriTemplate: 'sample:///of/{id}', name: 'of' }] },
    'prompts/list': { prompts: [{ name: 'greet' }] },
  };
  if (Object.hasOwn(lists, method)) return { ...lists[method], ...(era === 'modern' && cached) };
  if (era === 'modern') return method === 'server/discover' ? discovered() : undefined;
  if (method === 'initialize') return initialized(params);
  return ['ping', 'logging/setLevel'].includes(method) ? {} : undefined;
}

function discovered(): JsonObject {
  return { supportedVersions: ['2026-07-28'], capabilities, ...cached };
}

function initialized(params: JsonObject): JsonObject {
  const serverInfo = { name: 'sample', version: '1' };
  return { protocolVersion: stringMember(params, 'protocolVersion') ?? '', capabilities, serverInfo };
}

function text(said: string): JsonObject {
  return { content: [{ type: 'text', text: said }] };
}

async function call(era: ServerEra, params: JsonObject, conversation: Conversation): Promise<JsonObject> {
  switch (params['name']) {
    case 'echo':
      if (objectMember(params, 'arguments')?.['forever'] === true) return new Promise(() => undefined);
      return text(JSON.stringify(params['arguments'] ?? {}));
    case 'slow':
      return slow(params, conversation);
    case 'ask':
      return era === 'modern' ? askAgain(params) : askNow(conversation);
    default:
      return { code: -32602, message: 'Unknown tool' };
  }
}

function slow(params: JsonObject, { send }: Conversation): JsonObject {
  const progressToken = objectMember(params, '_meta')?.['progressToken'];
  if (progressToken !== undefined) {
    for (const progress of [1, 2, 3])
      send({
        jsonrpc: '2.0',
        method: 'notifications/progress',
        params: { progressToken, progress, total: 3 },
      });
  }
  return text('slowly done');
}

function askAgain(params: JsonObject): JsonObject {
  const responses = objectMember(params, 'inputResponses');
  if (responses === undefined) {
    const inputRequests = { name: { method: 'elicitation/create', params: question } };
    return { resultType: 'input_required', inputRequests, requestState: sampleState };
  }
  if (params['requestState'] !== sampleState) return text('foreign state');
  return greet(objectMember(responses, 'name'));
}

async function askNow({ ask }: Conversation): Promise<JsonObject> {
  return greet(objectMember(await ask('elicitation/create', question), 'result'));
}

function greet(answer: JsonObject | undefined): JsonObject {
  if (answer?.['action'] !== 'accept') return text('nobody');
  return text(`hello ${stringMember(objectMember(answer, 'content'), 'name') ?? 'you'}`);
}

function read(era: ServerEra, params: JsonObject): JsonObject {
  const uri = stringMember(params, 'uri') ?? '';
  if (uri !== 'sample:///a' && !uri.startsWith('sample:///of/')) {
    return { code: era === 'modern' ? -32602 : -32002, message: 'Resource not found' };
  }
  return { contents: [{ uri, text: `content of ${uri}` }], ...(era === 'modern' && cached) };
}

function prompt(params: JsonObject): JsonObject {
  if (params['name'] !== 'greet') return { code: -32602, message: 'Unknown prompt' };
  return { messages: [{ role: 'user', content: { type: 'text', text: 'hello' } }] };
}
