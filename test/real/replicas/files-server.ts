import { objectMember } from '../../../src/model/json.ts';
import { modernUpstream, tool } from '../../intermediary/bench/modern-upstream.ts';
import type { Ending, Script, ScriptedUpstream } from '../../intermediary/bench/scripted-upstream.ts';

/** What the tool `ask` gives to remember. */
export const upstreamState = 'the state of the upstream';

/** A server of 2026-07-28 whose tools answer (`echo`), never answer (`hang`) and ask back (`ask`), and which has changes. */
export function filesServer(t: Ending): Promise<ScriptedUpstream> {
  return modernUpstream(t, {
    tools: [tool('echo'), tool('hang'), tool('ask')],
    capabilities: { tools: { listChanged: true } },
    on: { 'tools/call': onCall, 'subscriptions/listen': onListen },
  });
}

const onCall: Script = (received, answer) => {
  const { name, inputResponses } = objectMember(received.message, 'params') ?? {};
  if (name === 'hang') return;
  if (name !== 'ask' || inputResponses !== undefined) {
    return answer.result({ resultType: 'complete', content: [{ type: 'text', text: 'done' }] });
  }
  const params = { mode: 'form', message: 'sure?', requestedSchema: { type: 'object', properties: {} } };
  const inputRequests = { sure: { method: 'elicitation/create', params } };
  answer.result({ resultType: 'input_required', inputRequests, requestState: upstreamState });
};

const onListen: Script = (received, answer) => {
  const _meta = { 'io.modelcontextprotocol/subscriptionId': received.message['id'] ?? null };
  const notifications = objectMember(objectMember(received.message, 'params'), 'notifications') ?? {};
  const params = { notifications, _meta };
  answer.stream().send({ jsonrpc: '2.0', method: 'notifications/subscriptions/acknowledged', params });
};
