import { randomUUID } from 'node:crypto';
import type { TestContext } from 'node:test';
import type { Call, Reply, Revision } from '../../src/model/call.ts';
import type { JsonObject } from '../../src/model/json.ts';
import { Refusal, refuse } from '../../src/model/refusal.ts';
import { parseServerId, type ServerId } from '../../src/model/server-id.ts';
import { principalKey, type Subject } from '../../src/model/subject.ts';
import type { Arrival, Enforce, Outcome } from '../../src/pipeline/ports.ts';
import { testSubject } from '../../src/testing/pipeline-ports.ts';
import type { FrontLimits } from '../../src/transport/front/limits.ts';
import { type Listening, listen } from '../../src/transport/front/listen.ts';
import type { FrontOptions } from '../../src/transport/front/options.ts';
import type { Codec, FrontDialect } from '../../src/wire/codec.ts';
import { documentOf } from '../../src/wire/json/read.ts';
import { front as rev20241105 } from '../../src/wire/rev2024-11-05/front.ts';
import { front as rev20250326 } from '../../src/wire/rev2025-03-26/front.ts';
import { front as rev20250618 } from '../../src/wire/rev2025-06-18/front.ts';
import { front as rev20251125 } from '../../src/wire/rev2025-11-25/front.ts';
import { front as rev20260728 } from '../../src/wire/rev2026-07-28/front.ts';

/** What the pipeline behind the front does with a call that was identified and decoded. */
export type Script = (
  call: Call,
  way: Way,
) => Promise<JsonObject | Refusal | Reply> | JsonObject | Refusal | Reply;

/** What a script may use. */
interface Way {
  readonly arrival: Arrival;
  readonly subject: Subject;
  readonly signal: AbortSignal;
  readonly notify: (message: JsonObject) => Promise<void>;
}

/** A real listener whose pipeline is a plain function. Tokens are `Bearer <name>`; `bad` is refused. */
export interface ListeningFront extends Listening {
  readonly port: number;
  /** The calls that reached the script. */
  readonly calls: readonly Call[];
  /** Every outcome, refused ones too. */
  readonly outcomes: readonly Outcome[];
}

const dialects: readonly (readonly [string, Codec['era'], FrontDialect])[] = [
  ['2026-07-28', 'modern', rev20260728],
  ['2025-11-25', 'legacy', rev20251125],
  ['2025-06-18', 'legacy', rev20250618],
  ['2025-03-26', 'legacy', rev20250326],
  ['2024-11-05', 'legacy', rev20241105],
];

/** The codecs as the front needs them: their upstream side is never used. */
const codecs: readonly Codec[] = dialects.map(([revision, era, front]) => ({
  revision: revision as Revision,
  era,
  front,
  upstream: {
    request: (call) => call.document,
    reply: () => refuse('internal_fault', 'the front has no upstream'),
    notification: () => undefined,
  },
}));

/** Starts a front for one test and ends it afterwards. */
export async function listeningFront(
  t: TestContext,
  script: Script,
  more: Partial<FrontOptions> & { readonly limits?: Partial<FrontLimits> } = {},
): Promise<ListeningFront> {
  const calls: Call[] = [];
  const outcomes: Outcome[] = [];
  const servers = [parseServerId('github'), parseServerId('files')] as readonly ServerId[];
  const listening = await listen({
    enforce: scripted(script, calls, outcomes),
    identify: ({ authorization }) => identify(authorization),
    front: {
      servers: (endpoint) =>
        endpoint.kind === 'aggregate'
          ? servers
          : servers.includes(endpoint.server)
            ? [endpoint.server]
            : undefined,
      revisions: dialects.map(([revision]) => revision),
      info: { name: 'bartizan', version: '0.0.0' },
      replaced: new AbortController().signal,
    },
    codecs,
    clock: { now: () => Date.now(), microseconds: () => performance.now() * 1000, uuid: () => randomUUID() },
    metadata: (resource) => ({ resource, authorization_servers: ['https://idp.example'] }),
    host: '127.0.0.1',
    port: 0,
    ...more,
  });
  t.after(() => listening.close());
  return { ...listening, port: Number(new URL(listening.localUrl).port), calls, outcomes };
}

function identify(authorization: string | undefined): Subject | Refusal {
  if (authorization === undefined) {
    return refuse('token_missing', 'no token', { headers: { 'WWW-Authenticate': 'Bearer realm="mcp"' } });
  }
  const name = authorization.replace('Bearer ', '');
  if (name === 'bad') return refuse('token_invalid', 'bad token');
  const user = { issuer: 'https://idp.example', subject: name, roles: [], groups: [], claims: {} };
  const agent = { id: 'agent' };
  return testSubject({ user, agent, principal: principalKey(user, agent) });
}

function scripted(script: Script, calls: Call[], outcomes: Outcome[]): Enforce {
  return async (arrival, signal) => {
    const outcome = await decided(arrival, signal, script, calls);
    outcomes.push(outcome);
    return outcome;
  };
}

async function decided(
  arrival: Arrival,
  signal: AbortSignal,
  script: Script,
  calls: Call[],
): Promise<Outcome> {
  const decisionId = randomUUID();
  const subject = identify(arrival.credentials.authorization);
  const refused = { kind: 'refused', decisionId, subject: undefined, call: undefined } as const;
  if (subject instanceof Refusal) return { ...refused, refusal: subject };
  const call = arrival.decode(subject);
  if (call instanceof Refusal) return { ...refused, refusal: call, subject };
  calls.push(call);
  const notify = (message: JsonObject): Promise<void> => arrival.channel.send(documentOf(message));
  const result = await script(call, { arrival, subject, signal, notify });
  if (result instanceof Refusal) return { ...refused, refusal: result, subject, call };
  return {
    kind: 'released',
    decisionId,
    subject,
    call,
    reply: isReply(result) ? result : replyWith(call, result),
  };
}

function isReply(result: JsonObject | Reply): result is Reply {
  return 'kind' in result && 'document' in result;
}

/** A complete reply of the inner shape. */
function replyWith(call: Call, result: JsonObject): Reply {
  const kind = result['resultType'] === 'input_required' ? 'input_required' : 'complete';
  return {
    kind,
    document: documentOf({ jsonrpc: '2.0', id: call.id, result: { resultType: 'complete', ...result } }),
  };
}
