import type { AccessRequest, Action, Resource } from '../model/decision.ts';
import { isMethod } from '../model/method.ts';
import type { Device, Subject, User } from '../model/subject.ts';
import type { OpenQuery } from './cedar/abstract.ts';
import { setOf } from './cedar/equality.ts';
import { EvaluationFault } from './cedar/fault.ts';
import { parseIp } from './cedar/ip.ts';
import { emptyRecord, lazyRecord, recordOf } from './cedar/record.ts';
import type { EntityFacts, EntityValue, RecordValue, SetValue, Value } from './cedar/value.ts';
import { jsonRecord } from './json-value.ts';
import type { LocalTime } from './local-time.ts';
import { shapes } from './vocabulary.ts';

/** An access request in Cedar's terms. */
export interface AccessQuery extends OpenQuery {
  /** The action and everything it lies in. The same action has the same array. */
  readonly actionLine: readonly EntityValue[];
  /** Every entity that policies can read. */
  readonly entities: () => readonly EntityValue[];
}

/** The wall clock of the policies, by its zone. */
export interface PolicyClock {
  readonly zone: string;
  readonly localTime: (instant: number) => LocalTime;
}

/**
 * Makes the translation of access requests.
 *
 * The translation throws an `EvaluationFault` where a request cannot be put faithfully: a name that is not valid
 * Unicode, or a tool that took the name of an MCP method.
 */
export function createAccessQuery(clock: PolicyClock): (request: AccessRequest) => AccessQuery {
  const actionOf = createActions();
  return (request) => {
    const { subject, resource: named } = request;
    const principal = agentEntity(subject);
    const resource = resourceEntity(named);
    const actionLine = actionOf(request.action);
    const [action = principal] = actionLine;
    const user = lazy(() => userEntity(subject.user));
    const entities = (): readonly EntityValue[] => [
      principal,
      resource,
      user(),
      ...(resource.facts?.parents ?? []),
      ...actionLine,
    ];
    const find = (type: string, id: string): EntityFacts | undefined =>
      entities().find((entity) => entity.id === id && entity.type === type)?.facts;
    const context = contextRecord(request, user, clock);
    return {
      principal,
      action,
      resource,
      context,
      find,
      actionLine,
      entities,
      openResource: named.open === true,
    };
  };
}

function contextRecord(request: AccessRequest, user: () => EntityValue, clock: PolicyClock): RecordValue {
  const { environment, subject, args } = request;
  const make = (name: string): Value | undefined => {
    switch (name) {
      case 'user':
        return user();
      case 'device':
        return deviceRecord(subject.device);
      case 'time':
        return timeRecord(clock, environment.instant);
      case 'instant':
        return instantValue(environment.instant);
      case 'network':
        return recordOf({ peer: parseIp(plainAddress(environment.peer)) });
      case 'arguments':
        return jsonRecord(args ?? {}, 'fault');
      case 'scopes':
        return strings(subject.scopes);
      default:
        return undefined;
    }
  };
  return lazyRecord(make, () => contextMembers);
}

const contextMembers = Object.keys(shapes['Context'] ?? {});
const noFacts: EntityFacts = { attributes: emptyRecord, tags: emptyRecord, parents: [] };

const devices = new WeakMap<Device, RecordValue>();

function deviceRecord(device: Device): RecordValue {
  return kept(devices, device, () => {
    const { managed, id, observedAt } = device;
    return recordOf({
      managed,
      id: id === undefined ? undefined : wellFormed(id),
      observed_at: observedAt === undefined ? undefined : instantValue(observedAt),
    });
  });
}

/** Cedar's instants are whole milliseconds. */
function instantValue(instant: number): Value {
  return { kind: 'datetime', value: Math.floor(instant) };
}

function timeRecord({ zone, localTime }: PolicyClock, instant: number): RecordValue {
  const local = localTime(instant);
  const make = (name: string): Value | undefined => {
    switch (name) {
      case 'hour':
        return local.hour;
      case 'minute':
        return local.minute;
      case 'minute_of_day':
        return local.minuteOfDay;
      case 'weekday':
        return local.weekday;
      case 'date':
        return local.date;
      case 'zone':
        return zone;
      default:
        return undefined;
    }
  };
  return lazyRecord(make, () => timeMembers);
}

const timeMembers = Object.keys(shapes['Time'] ?? {});

const agents = new WeakMap<Subject['agent'], EntityValue>();

function agentEntity({ agent }: Subject): EntityValue {
  return kept(agents, agent, () => {
    const id = wellFormed(agent.id);
    return { kind: 'entity', type: 'Agent', id, facts: { ...noFacts, attributes: recordOf({ id }) } };
  });
}

const users = new WeakMap<User, EntityValue>();

function userEntity(user: User): EntityValue {
  return kept(users, user, () => {
    const { issuer, subject, tenant } = user;
    const attributes = recordOf({
      issuer: wellFormed(issuer),
      subject: wellFormed(subject),
      roles: strings(user.roles),
      groups: strings(user.groups),
      tenant: tenant === undefined ? undefined : wellFormed(tenant),
      claims: jsonRecord(user.claims, 'absent'),
    });
    return { kind: 'entity', type: 'User', id: `${issuer}#${subject}`, facts: { ...noFacts, attributes } };
  });
}

const resources = new WeakMap<Resource, EntityValue>();

/** The tagger hands out the same object for the same plain resource, so what is made of it is kept. */
function resourceEntity(resource: Resource): EntityValue {
  return kept(resources, resource, () => entityOf(resource));
}

const tagRecords = new WeakMap<Resource['tags'], RecordValue>();

function entityOf({ primitive, id, tags }: Resource): EntityValue {
  const server = serverEntity(primitive.server);
  const tagRecord = kept(tagRecords, tags, () => {
    for (const [tag, value] of Object.entries(tags)) wellFormed(tag + value);
    return recordOf(tags);
  });
  const make = (name: string): Value | undefined => {
    switch (name) {
      case 'id':
        return id;
      case 'kind':
        return primitive.kind === 'template' ? 'resource' : primitive.kind;
      case 'name':
        return wellFormed(primitive.name);
      case 'server':
        return server;
      default:
        return undefined;
    }
  };
  const attributes = lazyRecord(make, () => resourceMembers);
  const facts = { attributes, tags: tagRecord, parents: [server] };
  return { kind: 'entity', type: 'Resource', id: wellFormed(id), facts };
}

const resourceMembers = Object.keys(shapes['Resource'] ?? {});

function serverEntity(id: string): EntityValue {
  return { kind: 'entity', type: 'Server', id, facts: { ...noFacts, attributes: recordOf({ id }) } };
}

/** Clients choose what they ask for, so what is kept of actions is bounded. */
const mostActions = 10_000;

function createActions(): (action: Action) => readonly EntityValue[] {
  const known = new Map<string, { readonly method: string; readonly line: readonly EntityValue[] }>();
  return ({ id, method }) => {
    const found = known.get(id);
    if (found?.method === method) return found.line;
    const line = actionLine(wellFormed(id), method);
    if (known.size >= mostActions) known.clear();
    known.set(id, { method, line });
    return line;
  };
}

function actionLine(id: string, method: string): readonly EntityValue[] {
  const colon = id.indexOf(':');
  const name = id.slice(colon + 1);
  if (method === 'tools/call' && (isMethod(name) || name === '*')) {
    throw new EvaluationFault(`the tool \`${id}\` has the name of another action: rename the tool`);
  }
  const groups = [method, ...(colon < 0 ? [] : [`${id.slice(0, colon)}:*`])].filter((group) => group !== id);
  const parents = groups.map(
    (group): EntityValue => ({ kind: 'entity', type: 'Action', id: group, facts: noFacts }),
  );
  return [{ kind: 'entity', type: 'Action', id, facts: { ...noFacts, parents } }, ...parents];
}

const stringSets = new WeakMap<readonly string[], SetValue>();

function strings(texts: readonly string[]): SetValue {
  return kept(stringSets, texts, () => setOf(texts.map(wellFormed)));
}

/** A dual-stack socket shows IPv4 peers as `::ffff:192.0.2.1`; a link-local peer carries its interface (RFC 4007). */
function plainAddress(peer: string): string {
  const [address = ''] = peer.split('%');
  return address.toLowerCase().startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
}

/** Cedar strings are Unicode; two texts that differ in broken characters only must not become one name. */
function wellFormed(text: string): string {
  if (!text.isWellFormed()) throw new EvaluationFault('a name in the request is not valid Unicode');
  return text;
}

function kept<K extends object, V>(cache: WeakMap<K, V>, key: K, make: () => V): V {
  const known = cache.get(key);
  if (known !== undefined) return known;
  const value = make();
  cache.set(key, value);
  return value;
}

function lazy<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
