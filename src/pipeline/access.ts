import type { AccessRequest } from '../model/decision.ts';
import type { JsonObject } from '../model/json.ts';
import type { Primitive, PrimitiveKind } from '../model/primitive.ts';
import type { Decoded } from './decode.ts';
import type { Identified } from './identify.ts';
import type { Caller, Tagger } from './ports.ts';

/** The question whether a subject may use a primitive by a method, with its arguments or for some arguments. */
export function accessRequest(
  tagger: Tagger,
  { subject, instant, arrival }: Pick<Identified, 'subject' | 'instant' | 'arrival'>,
  primitive: Primitive,
  method: string,
  args: JsonObject | undefined,
): AccessRequest {
  return {
    subject,
    action: { id: actionId(primitive, method), method },
    resource: tagger.resource(primitive, args),
    environment: { instant, peer: arrival.credentials.peer },
    args,
  };
}

/** `github:create_pr` for a tool call; `github:resources/read` for other methods. */
function actionId({ server, name }: Primitive, method: string): string {
  return method === 'tools/call' ? `${server}:${name}` : `${server}:${method}`;
}

/** Whose lists count for a call. */
export function callerOf({ subject, call }: Pick<Decoded, 'subject' | 'call'>): Caller {
  return { subject, capabilities: call.client.capabilities };
}

/** The method by which a listed primitive is used; what a list shows depends on whether it could be permitted. */
export const usedBy: Readonly<Record<PrimitiveKind, string>> = {
  tool: 'tools/call',
  resource: 'resources/read',
  template: 'resources/read',
  prompt: 'prompts/get',
  server: 'server/discover',
};
