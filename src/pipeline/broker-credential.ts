import { connectionRequired } from '../model/connect.ts';
import { after, allOf } from '../model/eventual.ts';
import { Refusal } from '../model/refusal.ts';
import type { ServerId } from '../model/server-id.ts';
import type { Route } from './isolate.ts';
import type { Ports, Scope } from './ports.ts';
import type { Spent } from './spend.ts';
import type { Stage } from './stage.ts';

/** The gateway's own credentials for the upstreams of the call. The client's token goes no further than here. */
export interface Brokered extends Spent {
  readonly scopes: Scopes;
}

type Scopes = ReadonlyMap<ServerId, Scope>;

/** Finds the upstream credential of every server the call goes to. */
export function brokerCredential({
  broker,
}: Pick<Ports, 'broker'>): Stage<Spent, { readonly scopes: Scopes }> {
  return {
    name: 'broker credential',
    run: ({ route, subject, call }) => {
      const { capabilities } = call.client;
      const { principal } = subject;
      const found = upstreamsOf(route).map((server) =>
        after(broker.credential(server, subject), (credential): Refusal | readonly [ServerId, Scope] => {
          if (credential instanceof Refusal) return credential;
          if ('kind' in credential) return connectionRequired(credential);
          return [server, { principal, credential, subject, capabilities }];
        }),
      );
      return after(allOf(found), joined);
    },
  };
}

function joined(found: readonly (Refusal | readonly [ServerId, Scope])[]): { scopes: Scopes } | Refusal {
  const scopes = new Map<ServerId, Scope>();
  for (const one of found) {
    if (one instanceof Refusal) return one;
    scopes.set(...one);
  }
  return { scopes };
}

/** The scope in which one upstream of the call is used. Throws for another upstream: that is a fault of our own. */
export function scopeFor({ scopes }: Brokered, server: ServerId): Scope {
  const scope = scopes.get(server);
  if (scope === undefined) throw new Error(`no credential was sought for the upstream \`${server}\``);
  return scope;
}

/** Lists are served by the catalog, which has credentials of its own. */
function upstreamsOf(route: Route): readonly ServerId[] {
  if (route.kind === 'relay') return [route.primitive.server];
  return route.kind === 'listen' ? route.servers : [];
}
