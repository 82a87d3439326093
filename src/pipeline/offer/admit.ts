import { objectMember, stringMember } from '../../model/json.ts';
import { logLevels, notifications } from '../../model/notification.ts';
import { type Refusal, refuse } from '../../model/refusal.ts';
import { accessRequest } from '../access.ts';
import type { Offered } from '../offer.ts';
import type { Ports } from '../ports.ts';
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
      return objection(ports, offered, method) ?? { method };
    },
  };
}

function objection(
  ports: Pick<Ports, 'policy' | 'tagger' | 'clock'>,
  offered: Offered,
  method: string,
): Refusal | undefined {
  if (notifications[method] !== offered.place)
    return refuse('method_unknown', `${method || 'no method'} here`);
  switch (method) {
    case 'notifications/progress':
      return foreignProgress(offered);
    case 'notifications/message':
      return unwantedLog(offered);
    case 'notifications/resources/updated':
      return forbiddenUpdate(ports, offered);
    default:
      return undefined;
  }
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

function forbiddenUpdate(
  { policy, tagger, clock }: Pick<Ports, 'policy' | 'tagger' | 'clock'>,
  { state, server, message }: Offered,
): Refusal | undefined {
  const name = stringMember(objectMember(message.value, 'params'), 'uri') ?? '';
  const now = { ...state, instant: clock.now() };
  const request = accessRequest(tagger, now, { server, kind: 'resource', name }, 'resources/read', {});
  if (policy.decide(request).effect === 'permit') return undefined;
  return refuse('policy_denied', `an update of ${JSON.stringify(name)}`);
}
