import { hash } from 'node:crypto';
import type { Gateway } from '../../control/gateway-contract.ts';
import { arrayMember, isJsonObject, type JsonObject, objectMember, stringMember } from '../../model/json.ts';
import { metaKey } from '../../model/meta-key.ts';
import { messagesOf } from '../stdio/answer.ts';
import { connect } from '../stdio/connection.ts';
import { knownTools } from '../stdio/known-tools.ts';
import { peek } from '../stdio/message.ts';
import { modernSender } from '../stdio/modern-sender.ts';

/** An agent that calls tools as it was told, whoever told it. */
export interface Agent {
  readonly tools: () => Promise<readonly string[]>;
  readonly call: (name: string, args: Readonly<Record<string, string>>) => Promise<Answered>;
  readonly leave: () => void;
}

/** What came back from a call. */
export interface Answered {
  /** The answer as it stands on the wire. */
  readonly message: JsonObject;
  /** The text that a model reads. */
  readonly text: string;
  readonly failed: boolean;
  /** The row of the denial table, when the gateway refused. */
  readonly denial: string | undefined;
  /** SHA-256 of the request, by which the audit log knows it. */
  readonly request: string;
}

const revision = '2026-07-28';
const callLimitMs = 15_000;

/** An agent of the owner that speaks MCP 2026-07-28 over Streamable HTTP. */
export function createAgent({ url, token }: Pick<Gateway, 'url' | 'token'>): Agent {
  const target = { url: new URL('/mcp', url), token: token?.value };
  const connection = connect(target, () => Promise.resolve(target));
  const sender = modernSender(connection, knownTools());
  const send = async (method: string, params: JsonObject, id: number): Promise<Sent> => {
    const value: JsonObject = { jsonrpc: '2.0', id, method, params: { ...params, _meta: metaOf() } };
    const bytes = Buffer.from(JSON.stringify(value));
    const signal = AbortSignal.timeout(callLimitMs);
    const response = await sender.send({ revision, method, document: { value, bytes }, signal });
    for await (const message of messagesOf(response)) {
      const answer = peek(message);
      if (answer?.['id'] === id) return { answer, request: hash('sha256', bytes, 'base64url') };
    }
    throw new Error(`the gateway gave no answer to \`${method}\` (HTTP status ${response.statusCode})`);
  };
  let last = 0;
  return {
    tools: async () => toolNames((await send('tools/list', {}, ++last)).answer),
    call: async (name, args) => answered(await send('tools/call', { name, arguments: args }, ++last)),
    leave: connection.close,
  };
}

interface Sent {
  readonly answer: JsonObject;
  readonly request: string;
}

function metaOf(): JsonObject {
  return {
    [metaKey.protocolVersion]: revision,
    [metaKey.clientCapabilities]: {},
    [metaKey.clientInfo]: { name: 'bartizan-demo', version: '1.0.0' },
  };
}

function toolNames(answer: JsonObject): readonly string[] {
  const tools = arrayMember(objectMember(answer, 'result'), 'tools') ?? [];
  return tools.flatMap((tool) => (isJsonObject(tool) ? (stringMember(tool, 'name') ?? []) : []));
}

function answered({ answer, request }: Sent): Answered {
  const result = objectMember(answer, 'result');
  const error = objectMember(answer, 'error');
  const texts = (arrayMember(result, 'content') ?? []).map((block) =>
    isJsonObject(block) ? (stringMember(block, 'text') ?? '') : '',
  );
  const denial =
    stringMember(objectMember(result, '_meta'), 'dev.bartizan/denial') ??
    stringMember(objectMember(error, 'data'), 'denial');
  return {
    message: answer,
    text: error === undefined ? texts.join('\n') : (stringMember(error, 'message') ?? ''),
    failed: error !== undefined || result?.['isError'] === true,
    denial,
    request,
  };
}
