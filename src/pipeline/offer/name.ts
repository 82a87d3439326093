import { type JsonDocument, objectMember, stringMember } from '../../model/json.ts';
import { metaKey } from '../../model/meta-key.ts';
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
    run: (offered) => ({ named: offered.filter === undefined ? offered.clean : delivered(offered) }),
  };
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
      _meta: { ...objectMember(params, '_meta'), [metaKey.subscriptionId]: state.call.id },
    },
  });
}
