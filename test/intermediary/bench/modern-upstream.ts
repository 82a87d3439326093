import type { JsonObject } from '../../../src/model/json.ts';
import {
  type Answering,
  type Ending,
  type Received,
  type Script,
  type ScriptedUpstream,
  scriptedUpstream,
} from './scripted-upstream.ts';

/** What a scripted server of 2026-07-28 offers; what is not given is answered as a plain server would. */
export interface Offer {
  readonly tools?: readonly JsonObject[];
  readonly resources?: readonly JsonObject[];
  readonly templates?: readonly JsonObject[];
  readonly prompts?: readonly JsonObject[];
  readonly capabilities?: JsonObject;
  readonly instructions?: string;
  /** Answers by MCP method, before the usual ones. */
  readonly on?: Readonly<Record<string, Script>>;
}

/** A tool that takes anything. */
export function tool(name: string, more: JsonObject = {}): JsonObject {
  return { name, description: `does ${name}`, inputSchema: { type: 'object' }, ...more };
}

/** Starts a scripted server of 2026-07-28. Its `tools/call` answers with the text `done`. */
export function modernUpstream(t: Ending, offer: Offer = {}): Promise<ScriptedUpstream> {
  return scriptedUpstream(t, (received, answer) => answerModern(offer, received, answer));
}

/** Answers as a server of 2026-07-28. */
function answerModern(offer: Offer, received: Received, answer: Answering): Promise<void> | void {
  if (received.method !== 'POST') return answer.bytes('', 405);
  const method = String(received.message['method'] ?? '');
  const scripted = offer.on?.[method];
  if (scripted !== undefined) return scripted(received, answer);
  const result = usual(offer, method);
  if (result === undefined) return answer.error(-32601, 'Method not found', 404);
  answer.result({ resultType: 'complete', ...result });
}

const cached = { ttlMs: 0, cacheScope: 'private' };

const usualAnswers: ReadonlyMap<string, (offer: Offer) => JsonObject> = new Map([
  [
    'server/discover',
    (offer: Offer): JsonObject => ({
      supportedVersions: ['2026-07-28'],
      capabilities: offer.capabilities ?? { tools: {}, resources: {}, prompts: {}, completions: {} },
      ...(offer.instructions !== undefined && { instructions: offer.instructions }),
      ...cached,
    }),
  ],
  ['tools/list', ({ tools }: Offer): JsonObject => ({ tools: tools ?? [tool('echo')], ...cached })],
  ['resources/list', ({ resources }: Offer): JsonObject => ({ resources: resources ?? [], ...cached })],
  [
    'resources/templates/list',
    ({ templates }: Offer): JsonObject => ({ resourceTemplates: templates ?? [], ...cached }),
  ],
  ['prompts/list', ({ prompts }: Offer): JsonObject => ({ prompts: prompts ?? [], ...cached })],
  ['tools/call', (): JsonObject => ({ content: [{ type: 'text', text: 'done' }] })],
]);

function usual(offer: Offer, method: string): JsonObject | undefined {
  return usualAnswers.get(method)?.(offer);
}
