import { Refusal } from '../model/refusal.ts';
import type { ServerId } from '../model/server-id.ts';
import type { GuardedCall } from './guard-call.ts';
import type { Route } from './isolate.ts';
import type { Ports, Scope, UpstreamCredential } from './ports.ts';
import type { Stage } from './stage.ts';

/** The gateway's own credentials for the upstreams of the call. The client's token goes no further than here. */
export interface Brokered extends GuardedCall {
  readonly scopes: Scopes;
}

type Scopes = ReadonlyMap<ServerId, Scope>;

/** Finds the upstream credential of every server the call goes to. */
export function brokerCredential({
  broker,
}: Pick<Ports, 'broker'>): Stage<GuardedCall, { readonly scopes: Scopes }> {
  return {
    name: 'broker credential',
    run: ({ route, subject, call }) => {
      const { capabilities } = call.client;
      const servers = upstreamsOf(route);
      const found = servers.map((server) => broker.credential(server, subject));
      const scoped = (credentials: readonly (UpstreamCredential | Refusal)[]): { scopes: Scopes } | Refusal =>
        credentials.find((credential) => credential instanceof Refusal) ?? {
          scopes: new Map(
            servers.map((server, i) => [
              server,
              {
                principal: subject.principal,
                credential: credentials[i] as UpstreamCredential,
                subject,
                capabilities,
              },
            ]),
          ),
        };
      return found.some((credential) => credential instanceof Promise)
        ? Promise.all(found).then(scoped)
        : scoped(found as readonly (UpstreamCredential | Refusal)[]);
    },
  };
}

/** Lists are served by the catalog, which has credentials of its own. */
function upstreamsOf(route: Route): readonly ServerId[] {
  if (route.kind === 'relay') return [route.primitive.server];
  return route.kind === 'listen' ? route.servers : [];
}
