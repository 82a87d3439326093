import type { AuthorizationCall, DetailedError, PolicyJson } from '@cedar-policy/cedar-wasm/nodejs';
import * as cedar from '@cedar-policy/cedar-wasm/nodejs';

/** An error of the official parser, at an offset in bytes of the UTF-8 text. */
export interface ParseError {
  readonly message: string;
  readonly offset: number;
}

/** What the official engine answers, in the words of Cedar: erring policies are skipped. */
export interface OracleAnswer {
  readonly decision: 'allow' | 'deny';
  readonly reason: readonly string[];
  readonly errors: readonly string[];
}

/** A request in the official engine's terms. */
export type OracleRequest = Pick<
  AuthorizationCall,
  'principal' | 'action' | 'resource' | 'context' | 'entities'
>;

/** The parse errors of a file of policies; none when it parses. */
export function parseErrors(text: string): readonly ParseError[] {
  const answer = cedar.policySetTextToParts(text);
  return answer.type === 'success' ? [] : answer.errors.flatMap(flatten);
}

/** The official JSON form of one static policy, or why there is none. */
export function policyJson(text: string): PolicyJson | ParseError {
  const answer = cedar.policyToJson(text);
  return answer.type === 'success' ? answer.json : (answer.errors.flatMap(flatten)[0] ?? nowhere);
}

/** Whether the text is a template: a policy with slots. */
export function isTemplate(text: string): boolean {
  return cedar.templateToJson(text).type === 'success';
}

/** The answer of the official engine, which parses the policies for this call alone. */
export function authorizeOnce(
  request: OracleRequest,
  policies: Readonly<Record<string, string>>,
): OracleAnswer {
  return oracleAnswer(cedar.isAuthorized({ ...request, policies: { staticPolicies: { ...policies } } }));
}

/** The official engine over one set of policies. */
export interface Oracle {
  /** @throws Error where the engine cannot read the request. */
  readonly authorize: (request: OracleRequest) => OracleAnswer;
}

/**
 * Makes an oracle of policies by id. The policies are parsed when it is first asked.
 *
 * The engine keeps parsed sets for the life of the process and has no way to drop one, so all oracles share one slot,
 * and the one that is asked parses its set again if another used the slot since.
 */
export function createOracle(policies: Readonly<Record<string, string>>): Oracle {
  const self = Symbol('oracle');
  return {
    authorize: (request) => {
      if (slotOwner !== self) load(policies);
      slotOwner = self;
      return oracleAnswer(cedar.statefulIsAuthorized({ ...request, preparsedPolicySetId: slot }));
    },
  };
}

const slot = 'bartizan';
let slotOwner: symbol | undefined;
const nowhere: ParseError = { message: 'the official parser gave no reason', offset: 0 };

function load(policies: Readonly<Record<string, string>>): void {
  slotOwner = undefined;
  const answer = cedar.preparsePolicySet(slot, { staticPolicies: { ...policies } });
  if (answer.type === 'failure') throw new Error(answer.errors.map((error) => error.message).join('; '));
}

function oracleAnswer(answer: ReturnType<typeof cedar.isAuthorized>): OracleAnswer {
  if (answer.type === 'failure') throw new Error(answer.errors.map((error) => error.message).join('; '));
  const { decision, diagnostics } = answer.response;
  return { decision, reason: diagnostics.reason, errors: diagnostics.errors.map((error) => error.policyId) };
}

function flatten(error: DetailedError): readonly ParseError[] {
  const [place] = error.sourceLocations ?? [];
  const hint = [place?.label, error.help].filter((part) => typeof part === 'string').join('; ');
  const message = hint === '' ? error.message : `${error.message}: ${hint}`;
  return [{ message, offset: place?.start ?? 0 }, ...(error.related ?? []).flatMap(flatten)];
}
