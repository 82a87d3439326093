import { type GrantClient, GrantError, type GrantRequest, type KeyBinding } from '../server/grant.ts';
import type { SubjectTokenType } from './exchange-options.ts';
import { parseTaskRequest, type TaskRequest } from './task-request.ts';

/** A token exchange request (RFC 8693 section 2.1) whose form is right. */
export interface ExchangeRequest {
  readonly client: GrantClient | undefined;
  readonly subject: PresentedToken;
  readonly actor: PresentedToken | undefined;
  readonly resources: readonly string[];
  readonly request: TaskRequest | undefined;
  readonly template: string | undefined;
  readonly binding: KeyBinding;
  readonly peer: string;
}

/** A token with what its sender says it is. */
export interface PresentedToken {
  readonly token: string;
  readonly type: SubjectTokenType;
}

/** The parameters that are read. */
export const exchangeParameters: readonly string[] = [
  'subject_token',
  'subject_token_type',
  'actor_token',
  'actor_token_type',
  'requested_token_type',
  'audience',
  'authorization_details',
  'template',
  'scope',
];

const accessToken = 'urn:ietf:params:oauth:token-type:access_token';
const types: readonly string[] = [
  accessToken,
  'urn:ietf:params:oauth:token-type:jwt',
  'urn:ietf:params:oauth:token-type:id_token',
];
const templateScope = 'task:';

/** Reads the form of a request; `known` are the resources that there are. Throws what is wrong with it. */
export function readExchange(
  { client, parameters, resources, binding, peer }: GrantRequest,
  known: readonly string[],
): ExchangeRequest {
  const subject = presented(parameters, 'subject_token');
  if (subject === undefined) throw malformed('`subject_token` is missing: send the access token of the user');
  const wanted = parameters['requested_token_type'];
  if (wanted !== undefined && wanted !== accessToken) {
    throw malformed(`\`requested_token_type\` can only be \`${accessToken}\``);
  }
  if (binding === undefined) {
    throw malformed('a task is bound to a key: make a fresh one and send a `DPoP` proof of it (RFC 9449)');
  }
  const details = parameters['authorization_details'];
  return {
    client,
    subject,
    actor: presented(parameters, 'actor_token'),
    resources: targets(resources, parameters['audience'], known),
    request: details === undefined ? undefined : parseTaskRequest(details),
    template: templateIn(parameters),
    binding,
    peer,
  };
}

/** A refusal of a malformed request. */
export function malformed(description: string): GrantError {
  return new GrantError('invalid_request', description);
}

function presented(parameters: GrantRequest['parameters'], name: string): PresentedToken | undefined {
  const token = parameters[name];
  const type = parameters[`${name}_type`];
  if (token === undefined || token === '') {
    if (type === undefined) return undefined;
    throw malformed(`\`${name}_type\` is there without \`${name}\``);
  }
  if (type === undefined || !types.includes(type)) {
    throw malformed(`\`${name}_type\` must be one of ${types.join(', ')}`);
  }
  return { token, type: type as SubjectTokenType };
}

/** RFC 8707 section 2; `audience` has to name the same thing (RFC 8693 section 2.1). */
function targets(
  resources: readonly string[],
  audience: string | undefined,
  known: readonly string[],
): readonly string[] {
  const asked = [...new Set([...resources, ...(audience === undefined ? [] : [audience])])];
  const foreign = asked.find((resource) => !known.includes(resource));
  if (foreign !== undefined) {
    throw new GrantError('invalid_target', `\`resource\` must be one of ${known.slice(0, 50).join(', ')}`);
  }
  if (asked.length > 0) return asked;
  const [whole] = known;
  if (whole === undefined) throw new GrantError('invalid_target', 'this gateway has no resources');
  return [whole];
}

/** `template=<name>`, or `scope=task:<name>` for clients that cannot send parameters of their own. */
function templateIn({ template, scope = '' }: GrantRequest['parameters']): string | undefined {
  const scopes = scope.split(' ').filter((one) => one.startsWith(templateScope));
  const names = new Set(scopes.map((one) => one.slice(templateScope.length)));
  if (template !== undefined) names.add(template);
  if (names.size > 1) throw malformed('name one template: a task is of one');
  return [...names][0];
}
