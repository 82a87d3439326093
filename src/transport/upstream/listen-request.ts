import type { JsonRpcId } from '../../model/call.ts';
import type { JsonDocument, JsonObject } from '../../model/json.ts';
import type { ListenFilter } from '../../pipeline/ports.ts';
import { requestOf } from './message.ts';

/** The request that opens a change stream at a server of 2026-07-28. What is not wanted is not named. */
export function listenRequest(id: JsonRpcId, filter: ListenFilter, meta: JsonObject): JsonDocument {
  const { toolsListChanged, promptsListChanged, resourcesListChanged, resourceSubscriptions } = filter;
  const notifications = {
    ...(toolsListChanged && { toolsListChanged }),
    ...(promptsListChanged && { promptsListChanged }),
    ...(resourcesListChanged && { resourcesListChanged }),
    ...(resourceSubscriptions.length > 0 && { resourceSubscriptions }),
  };
  return requestOf(id, 'subscriptions/listen', { notifications, _meta: meta });
}
