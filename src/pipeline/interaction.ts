import type { Call, Reply } from '../model/call.ts';
import { capabilityToAsk, isDeclared, optionToAsk } from '../model/client-capability.ts';
import { isJsonObject, type JsonObject, objectMember, stringMember } from '../model/json.ts';
import { ownMetaPrefix } from '../model/meta-key.ts';
import { methods } from '../model/method.ts';
import { type Refusal, refuse } from '../model/refusal.ts';
import type { Forwarded } from './forward.ts';
import { stateBinding } from './isolate.ts';
import type { Ports } from './ports.ts';
import { withResult } from './reply.ts';

const stateLifeMs = 600_000;

/**
 * Checks an `input_required` answer: only where the specification allows it, only kinds the client declared; and seals
 * its request state, so that nobody but this principal can bring it back, and only for this same request.
 */
export function checkInteraction(
  { seal, clock }: Pick<Ports, 'seal' | 'clock'>,
  { call, subject }: Forwarded,
  reply: Reply,
): Reply | Refusal {
  if (reply.kind !== 'input_required') return reply;
  if (methods[call.method].interactive !== true) {
    return refuse('upstream_failed', `input_required is not allowed on ${call.method}`);
  }
  const result = objectMember(reply.document.value, 'result') ?? {};
  const { inputRequests } = result;
  if (inputRequests !== undefined && !isJsonObject(inputRequests)) {
    return refuse('upstream_failed', '`inputRequests` is no object');
  }
  const missing = undeclared(call, objectMember(result, 'inputRequests'));
  if (missing !== undefined) return missing;
  const state = stringMember(result, 'requestState');
  if (state === undefined) return reply;
  const sealed = seal.wrap(state, stateBinding(subject.principal, call), clock.now() + stateLifeMs);
  return withResult(reply, { ...result, requestState: sealed });
}

function undeclared(call: Call, requests: JsonObject | undefined): Refusal | undefined {
  for (const [name, request] of Object.entries(requests ?? {})) {
    // An upstream cannot ask in the gateway's name.
    if (name.startsWith(ownMetaPrefix))
      return refuse('upstream_failed', `an input request under ${ownMetaPrefix}`);
    const objection = objectionTo(call.client.capabilities, isJsonObject(request) ? request : {});
    if (objection !== undefined) return objection;
  }
  return undefined;
}

function objectionTo(declared: JsonObject, request: JsonObject): Refusal | undefined {
  const method = stringMember(request, 'method') ?? '';
  const capability = capabilityToAsk(method);
  if (capability === undefined)
    return refuse('upstream_failed', `the upstream asks for ${JSON.stringify(method)}`);
  const option = optionToAsk(method, objectMember(request, 'params'));
  return isDeclared(declared, capability, option) ? undefined : lacking(capability, option);
}

function lacking(capability: string, option: string | undefined): Refusal {
  const wanted = option === undefined || option === 'form' ? {} : { [option]: {} };
  return refuse(
    'missing_client_capability',
    `the client did not declare ${capability} ${option ?? ''}`.trimEnd(),
    {
      data: { requiredCapabilities: { [capability]: wanted } },
    },
  );
}
