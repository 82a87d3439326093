import { type JsonDocument, objectMember, stringMember } from '../../model/json.ts';
import { metaKey, withoutOwnMeta } from '../../model/meta-key.ts';
import { publicUri } from '../../model/public-name.ts';
import { written } from '../reply.ts';
import type { Stage } from '../stage.ts';
import type { GuardedOffer } from './guard.ts';

/** The message names things as the client knows them. */
export type NamedOffer = GuardedOffer & { readonly named: JsonDocument };

/** Puts public URIs in place of the upstream's, and the subscription id on what a change stream delivers. */
export function nameOffer(): Stage<GuardedOffer, { readonly named: JsonDocument }> {
  return {
    name: 'name message',
    run: (offered) => ({
      named: offered.filter === undefined ? inOwnName(offered.clean) : delivered(offered),
    }),
  };
}

/** An upstream cannot speak for the gateway. */
function inOwnName(message: JsonDocument): JsonDocument {
  const params = objectMember(message.value, 'params');
  const meta = objectMember(params, '_meta');
  const own = meta && withoutOwnMeta(meta);
  return own === meta ? message : written({ ...message.value, params: { ...params, _meta: own } });
}

/** Every message of a change stream carries the id of its listen request (patterns/subscriptions). */
function delivered({ clean, state, server }: GuardedOffer): JsonDocument {
  const params = objectMember(clean.value, 'params');
  const uri = stringMember(params, 'uri');
  return written({
    ...clean.value,
    params: {
      ...params,
      ...(uri !== undefined && { uri: publicUri(state.call.endpoint, server, uri) }),
      _meta: {
        ...withoutOwnMeta(objectMember(params, '_meta') ?? {}),
        [metaKey.subscriptionId]: state.call.id,
      },
    },
  });
}
