import { capabilityKey } from '../model/client-capability.ts';
import { connectionRequired } from '../model/connect.ts';
import { after, type Eventual } from '../model/eventual.ts';
import type { JsonObject } from '../model/json.ts';
import { stringMember } from '../model/json.ts';
import type { Listed, Primitive } from '../model/primitive.ts';
import { Refusal } from '../model/refusal.ts';
import type { ServerId } from '../model/server-id.ts';
import type { PrincipalKey } from '../model/subject.ts';
import type {
  Caller,
  Catalog,
  Clock,
  CredentialBroker,
  Inventory,
  ListedKind,
  Scope,
  ServerDescription,
} from '../pipeline/ports.ts';
import { type Kept, keepFresh } from './catalog/keep-fresh.ts';
import { firstTemplate } from './catalog/uri-template.ts';

/** What the catalog is made of. */
export interface CatalogOptions {
  readonly inventory: Inventory;
  readonly broker: CredentialBroker;
  readonly clock: Pick<Clock, 'now'>;
  /** How many lists are kept over all servers, kinds and principals. Default 10,000. */
  readonly lists?: number;
  /** How long a list decides whether a primitive exists, in milliseconds. Default 30,000. */
  readonly keepMs?: number;
  /** How old a list must be before a miss asks the upstream again, in milliseconds. Default 100. */
  readonly retryMs?: number;
}

interface List {
  readonly listed: readonly Listed[];
  readonly byName: ReadonlyMap<string, Listed>;
  /** For how long clients may be served from it, as the upstream said. */
  readonly freshMs: number;
}

/** The member of a list entry that names its primitive. */
const nameMember: Readonly<Record<ListedKind, string>> = {
  tool: 'name',
  prompt: 'name',
  resource: 'uri',
  template: 'uriTemplate',
};

/**
 * The lists of the upstreams, kept in memory for each principal and the capabilities of its client: nothing that one
 * principal was shown is ever looked up for another. `list` serves what is fresh by the upstream's word; `find` decides existence by a list
 * of at most `keepMs`, so that a call does not wait for a list before it.
 */
export function createCatalog(options: CatalogOptions): Catalog {
  const { inventory, broker, clock, keepMs = 30_000, retryMs = 100, lists = 10_000 } = options;
  const kept = keepFresh<List>({ clock, bound: lists });
  const described = keepFresh<ServerDescription>({ clock, bound: lists });

  const fetchList = async (server: ServerId, kind: ListedKind, caller: Caller): Promise<List | Refusal> => {
    const scope = await scopeOf(broker, server, caller);
    if (scope instanceof Refusal) return scope;
    const found = await inventory.items(server, kind, scope, new AbortController().signal);
    return found instanceof Refusal ? found : listOf(server, kind, found.items, found.ttlMs);
  };
  const lookUp = (
    server: ServerId,
    kind: ListedKind,
    caller: Caller,
    maxAge: (list: List) => number,
  ): Eventual<Kept<List> | Refusal> =>
    kept.get(keyOf(server, kind, caller), maxAge, () => fetchList(server, kind, caller));

  inventory.onListChanged((server, kind, principal) => kept.forget(prefixOf(server, kind, principal)));

  const findIn = (
    primitive: Primitive,
    kind: ListedKind,
    caller: Caller,
    accept: (listed: Listed) => boolean,
  ): Eventual<Listed | undefined | Refusal> => {
    const pick = (found: Kept<List> | Refusal): Listed | undefined | Refusal =>
      found instanceof Refusal ? found : accepted(found.value, primitive, kind, accept);
    const first = lookUp(primitive.server, kind, caller, () => keepMs);
    const again = (picked: Listed | undefined | Refusal): Eventual<Listed | undefined | Refusal> =>
      picked ??
      after(
        lookUp(primitive.server, kind, caller, () => retryMs),
        pick,
      );
    return after(after(first, pick), again);
  };

  return {
    list: (server, kind, caller) =>
      after(
        lookUp(server, kind, caller, (list) => list.freshMs),
        (found) => (found instanceof Refusal ? found : found.value.listed),
      ),
    find: (primitive, caller, accept) => {
      const { kind } = primitive;
      if (kind === 'server') return undefined;
      const found = findIn(primitive, kind, caller, accept);
      if (kind !== 'resource') return found;
      return after(found, (listed) => listed ?? findIn(primitive, 'template', caller, accept));
    },
    describe: (server, caller) =>
      after(
        described.get(
          keyOf(server, 'server', caller),
          () => keepMs,
          async () => {
            const scope = await scopeOf(broker, server, caller);
            if (scope instanceof Refusal) return scope;
            return inventory.describe(server, scope, new AbortController().signal);
          },
        ),
        (found) => (found instanceof Refusal ? found : found.value),
      ),
  };
}

function accepted(
  { byName, listed }: List,
  primitive: Primitive,
  kind: ListedKind,
  accept: (listed: Listed) => boolean,
): Listed | undefined {
  const entry =
    kind === 'template' && primitive.kind === 'resource'
      ? firstTemplate(listed, (one) => one.primitive.name, primitive.name)
      : byName.get(primitive.name);
  return entry !== undefined && accept({ ...entry, primitive }) ? entry : undefined;
}

function listOf(server: ServerId, kind: ListedKind, items: readonly JsonObject[], freshMs: number): List {
  const byName = new Map<string, Listed>();
  for (const item of items) {
    const name = stringMember(item, nameMember[kind]);
    // The first of two entries of one name counts, for lists and calls alike.
    if (name !== undefined && !byName.has(name))
      byName.set(name, { primitive: { server, kind, name }, item });
  }
  return { listed: [...byName.values()], byName, freshMs };
}

function keyOf(server: ServerId, kind: string, { subject, capabilities }: Caller): string {
  return prefixOf(server, kind, subject.principal) + capabilityKey(capabilities);
}

function prefixOf(server: ServerId, kind: string, principal: PrincipalKey): string {
  return `${server} ${kind} ${principal} `;
}

function scopeOf(broker: CredentialBroker, server: ServerId, caller: Caller): Eventual<Scope | Refusal> {
  const { principal } = caller.subject;
  return after(broker.credential(server, caller.subject), (credential) => {
    if (credential instanceof Refusal) return credential;
    return 'kind' in credential ? connectionRequired(credential) : { ...caller, principal, credential };
  });
}
