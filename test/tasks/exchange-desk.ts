import { TokenFailure } from '../../src/identity/failure.ts';
import { mapClaims } from '../../src/identity/map-claims.ts';
import { createRevocations, type Revocations } from '../../src/identity/revocation/revocations.ts';
import type { GrantHandler, GrantRequest } from '../../src/identity/server/grant.ts';
import { GrantError } from '../../src/identity/server/grant.ts';
import { createEndTask, type EndTask } from '../../src/identity/task/end-task.ts';
import type { TokenExchangeOptions } from '../../src/identity/task/exchange-options.ts';
import { createTokenExchange } from '../../src/identity/task/token-exchange.ts';
import type { JsonObject } from '../../src/model/json.ts';
import { principalKey, type Subject } from '../../src/model/subject.ts';
import type { Documents, HotState } from '../../src/pipeline/store-ports.ts';
import { memoryDocuments } from '../../src/store/memory/documents.ts';
import { memoryHotState } from '../../src/store/memory/hot-state.ts';

export const origin = 'https://gw.example';
export const issuer: string = `${origin}/as`;
export const accessTokenType = 'urn:ietf:params:oauth:token-type:access_token';

/** A token end point for tasks with everything that it needs, in one process. */
export interface Desk {
  readonly hot: HotState;
  readonly documents: Documents;
  readonly revocations: Revocations;
  readonly clock: {
    now: () => number;
    microseconds: () => number;
    uuid: () => string;
    advance: (ms: number) => void;
  };
  readonly events: (readonly [string, Readonly<Record<string, string>>])[];
  readonly exchange: GrantHandler;
  readonly end: EndTask;
  /** Makes a token known, and answers it. */
  readonly token: (subject: Subject) => string;
  readonly close: () => void;
}

let made = 0;

/** Opens one. `entitle` permits exactly the actions of this list, each pinned, unless it is changed. */
export async function openDesk(change: Partial<TokenExchangeOptions> = {}): Promise<Desk> {
  let time = Date.now();
  let ids = 0;
  const clock = {
    now: () => time,
    microseconds: () => performance.now() * 1000,
    uuid: () => `id-${++ids}`,
    advance: (ms: number) => {
      time += ms;
    },
  };
  const hot = memoryHotState(clock);
  const documents = memoryDocuments(clock);
  const events: [string, Readonly<Record<string, string>>][] = [];
  const report = (event: string, facts: Readonly<Record<string, string>>): void =>
    void events.push([event, facts]);
  const revocations = await createRevocations({ epochs: hot.epochs, clock, report, pollMs: 20 });
  const known = new Map<string, Subject>();
  const options: TokenExchangeOptions = {
    signer: {
      issuer,
      sign: async (typ, claims) => `${typ}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}`,
      jwks: () => [],
    },
    ledger: hot.ledger,
    documents,
    revocations,
    clock,
    verifySubject: async (token) => known.get(token) ?? fromOwnToken(token),
    entitle: async (_subject, patterns) =>
      offered.filter(({ action }) =>
        patterns.some((one) => (one.endsWith('*') ? action.startsWith(one.slice(0, -1)) : one === action)),
      ),
    resources: () => [`${origin}/mcp`, `${origin}/mcp/github`],
    agents: [
      {
        id: 'spiffe://company.com/agent/*',
        authentication: ['x509-svid', 'jwt-svid'],
        templates: ['coding', 'reading'],
      },
      { id: 'https://client.example/meta', authentication: ['client_metadata'], templates: ['reading'] },
      { id: 'idle', authentication: ['private_key_jwt'], templates: [] },
    ],
    templates: {
      coding: {
        actions: ['github:*'],
        constraints: { 'resource.tags.project': ['blue', 'red'] },
        calls: 20,
        seconds: 200,
      },
      reading: { actions: ['github:get_*', 'docs:*'], constraints: {}, purpose: 'look things up' },
    },
    owner: { issuer: 'urn:bartizan:owner', client: 'local' },
    defaultSeconds: 120,
    maxSeconds: 300,
    maxDepth: 2,
    report,
    ...change,
  };
  return {
    hot,
    documents,
    revocations,
    clock,
    events,
    exchange: createTokenExchange(options),
    end: createEndTask({ ledger: hot.ledger, documents, revocations, clock, report }),
    token: (subject) => {
      const token = `token-${++made}`;
      known.set(token, subject);
      return token;
    },
    close: revocations.close,
  };
}

/** What the servers offer to everybody. */
export const offered: readonly { readonly action: string; readonly digest: string }[] = [
  'github:create_pr',
  'github:get_file',
  'github:merge',
  'docs:search',
].map((action) => ({
  action,
  digest: `sha-256:${Buffer.from(action.padEnd(32, '.').slice(0, 32)).toString('base64url')}`,
}));

/** Reads a token of the desk as the resource server does. */
function fromOwnToken(token: string): Subject | TokenFailure {
  const [typ, payload = ''] = token.split('.');
  if (typ !== 'at+jwt') return new TokenFailure('not a token', { reason: 'it is not a token' });
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as JsonObject;
  const mapped = mapClaims(
    claims,
    { issuer, tasks: true, claims: { device: { managed: '/device/managed' } } },
    { jkt: 'k' },
  );
  return mapped instanceof TokenFailure ? mapped : mapped.subject;
}

/** The claims of a token of the desk. */
export function claimsOf(answer: JsonObject): JsonObject {
  const [, payload = ''] = String(answer['access_token']).split('.');
  return JSON.parse(Buffer.from(payload, 'base64url').toString()) as JsonObject;
}

/** The subject that shows the token of an answer. */
export function holderOf(answer: JsonObject): Subject {
  const found = fromOwnToken(String(answer['access_token']));
  if (found instanceof TokenFailure) throw new Error(found.detail);
  return found;
}

/** A user of another issuer, with a token that lives for ten minutes. */
export function ada(desk: Desk, change: Partial<Subject> = {}): Subject {
  const user = {
    issuer: 'https://idp.example',
    subject: 'ada',
    roles: ['developer'],
    groups: ['blue'],
    claims: { iss: 'https://idp.example', sub: 'ada', aud: 'api://gateway', acr: 'phr' },
  };
  const agent = { id: 'some-app' };
  const now = desk.clock.now();
  return {
    user,
    agent,
    device: { managed: true, id: 'laptop-7', observedAt: now - 5_000 },
    scopes: ['tools:call'],
    issuedAt: now - 1_000,
    expiresAt: now + 600_000,
    principal: principalKey(user, agent),
    ...change,
  };
}

let keys = 0;

/** A request of the agent `spiffe://company.com/agent/coder` for `subject`, with a fresh key. */
export function ask(
  desk: Desk,
  change: Partial<GrantRequest> = {},
  parameters: JsonObject = {},
): GrantRequest {
  return {
    client: { id: 'spiffe://company.com/agent/coder', authentication: 'x509-svid' },
    resources: [],
    binding: { jkt: `key-${++keys}` },
    peer: '192.0.2.7',
    ...change,
    parameters: {
      subject_token: desk.token(ada(desk)),
      subject_token_type: accessTokenType,
      ...(parameters as Record<string, string>),
    },
  };
}

/** `authorization_details` of one entry. */
export function details(entry: JsonObject): JsonObject {
  return { authorization_details: JSON.stringify([{ type: 'mcp_task', ...entry }]) };
}

/** The refusal of a request. */
export async function refusalOf(desk: Desk, request: GrantRequest): Promise<GrantError> {
  try {
    await desk.exchange.grant(request);
  } catch (fault) {
    if (fault instanceof GrantError) return fault;
    throw fault;
  }
  throw new Error('the request was granted');
}
