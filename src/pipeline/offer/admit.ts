import { objectMember, stringMember } from '../../model/json.ts';
import { logLevels, notifications } from '../../model/notification.ts';
import { type Refusal, refuse } from '../../model/refusal.ts';
import { accessRequest } from '../access.ts';
import type { Offered } from '../offer.ts';
import type { ListenFilter, Ports } from '../ports.ts';
import type { Stage } from '../stage.ts';

/** The message is one that this client may get now. */
export type AdmittedOffer = Offered & { readonly method: string };

/**
 * Lets through what belongs to the call: known notifications, progress under the call's own token, log messages that
 * were asked for, and updates of resources that the policy still permits at this moment.
 */
export function admitOffer(
  ports: Pick<Ports, 'policy' | 'tagger' | 'clock'>,
): Stage<Offered, { readonly method: string }> {
  return {
    name: 'admit message',
    run: (offered) => {
      const method = stringMember(offered.message.value, 'method') ?? '';
      if (!isNotification(offered))
        return refuse('invalid_request', `${method || 'no method'} is no notification`);
      return objection(ports, offered, method) ?? { method };
    },
  };
}

/** A response, or a request, that is made to look like a notification must not reach a client as one. */
function isNotification({ message: { value } }: Offered): boolean {
  return (
    value['jsonrpc'] === '2.0' && !['id', 'result', 'error'].some((member) => Object.hasOwn(value, member))
  );
}

function objection(
  ports: Pick<Ports, 'policy' | 'tagger' | 'clock'>,
  offered: Offered,
  method: string,
): Refusal | undefined {
  const { filter } = offered;
  if (notifications[method] !== (filter === undefined ? 'call' : 'listen')) {
    return refuse('method_unknown', `${method || 'no method'} here`);
  }
  if (filter !== undefined)
    return unsubscribed(filter, method, uriOf(offered)) ?? forbiddenUpdate(ports, offered);
  if (method === 'notifications/progress') return foreignProgress(offered);
  return method === 'notifications/message' ? unwantedLog(offered) : undefined;
}

/** A stream delivers what it acknowledged and nothing else (patterns/subscriptions). */
function unsubscribed(filter: ListenFilter, method: string, uri: string | undefined): Refusal | undefined {
  const flag = listChanges[method];
  const wanted = flag === undefined ? filter.resourceSubscriptions.includes(uri ?? '') : filter[flag];
  return wanted ? undefined : refuse('invalid_request', `${method} outside the acknowledged filter`);
}

const listChanges: Readonly<
  Record<string, 'toolsListChanged' | 'promptsListChanged' | 'resourcesListChanged'>
> = {
  'notifications/tools/list_changed': 'toolsListChanged',
  'notifications/prompts/list_changed': 'promptsListChanged',
  'notifications/resources/list_changed': 'resourcesListChanged',
};

function uriOf({ message }: Offered): string | undefined {
  return stringMember(objectMember(message.value, 'params'), 'uri');
}

function foreignProgress({ state, message }: Offered): Refusal | undefined {
  const token = objectMember(message.value, 'params')?.['progressToken'];
  const own = state.call.client.progressToken;
  if (own !== undefined && token === own) return undefined;
  return refuse('invalid_request', 'progress that the call did not ask for');
}

function unwantedLog({ state, message }: Offered): Refusal | undefined {
  const level = stringMember(objectMember(message.value, 'params'), 'level') ?? '';
  const wanted = state.call.client.logLevel;
  if (wanted !== undefined && logLevels.indexOf(level) >= logLevels.indexOf(wanted)) return undefined;
  return refuse('invalid_request', 'a log message that the call did not ask for');
}

/** The policy may have changed its mind since the stream was opened. */
function forbiddenUpdate(
  { policy, tagger, clock }: Pick<Ports, 'policy' | 'tagger' | 'clock'>,
  offered: Offered,
): Refusal | undefined {
  const name = uriOf(offered);
  if (name === undefined) return undefined;
  const now = { ...offered.state, instant: clock.now() };
  const request = accessRequest(
    tagger,
    now,
    { server: offered.server, kind: 'resource', name },
    'resources/read',
    {},
  );
  if (policy.decide(request).effect === 'permit') return undefined;
  return refuse('policy_denied', `an update of ${JSON.stringify(name)}`);
}
