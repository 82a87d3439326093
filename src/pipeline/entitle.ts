import { isMethod, type Method, methods } from '../model/method.ts';
import { Refusal, refuse } from '../model/refusal.ts';
import { parseServerId, type ServerId } from '../model/server-id.ts';
import type { Subject } from '../model/subject.ts';
import { matchesAction } from '../model/task-cover.ts';
import { usedBy } from './access.ts';
import { confine } from './confine.ts';
import type { Arrival, Ports } from './ports.ts';
import { toolDigest } from './tool-digest.ts';
import { cleanDescriptions, visibility } from './visible.ts';

/** An action that a subject could be permitted; `digest` is that of the tool as it is now. */
export interface EntitledAction {
  readonly action: string;
  readonly digest?: string;
}

/**
 * Tells what of some action patterns a subject could be permitted with some arguments. `peer`: the network address it
 * asks from, as policies may decide by it.
 */
export type Entitle = (
  subject: Subject,
  patterns: readonly string[],
  peer: string,
) => Promise<readonly EntitledAction[]>;

/** What it is made of. */
export interface EntitleOptions {
  readonly ports: Pick<Ports, 'catalog' | 'policy' | 'tagger' | 'guard' | 'clock'>;
  readonly servers: () => readonly ServerId[];
}

/**
 * Expands patterns to the tools that a subject could be permitted, each with the digest of its definition, so that a task
 * is about the tools that were there when it was granted. Tools come from the subject's own lists: they are then there for
 * its first call. Actions of methods (`github:resources/read`) pass as they are where the server exists. A server whose
 * lists cannot be had before the user connects an account passes unpinned; any other that cannot be asked passes nothing.
 */
export function entitle({ ports, servers }: EntitleOptions): Entitle {
  const confined = { ...ports, policy: confine(ports.policy) };
  const visible = visibility(confined, cleanDescriptions(ports));

  const toolsOf = async (
    { subject, patterns, peer }: Question,
    server: ServerId,
  ): Promise<readonly EntitledAction[]> => {
    const state = { subject, instant: ports.clock.now(), arrival: arrivalFrom(peer) };
    const wanted = patterns.filter((pattern) => !isMethodAction(pattern) && touches(pattern, server));
    if (wanted.length === 0) return [];
    const list = await ports.catalog.list(server, 'tool', { subject, capabilities: {} });
    if (list instanceof Refusal) return list.code === 'connection_required' ? unpinned(wanted, server) : [];
    return list.flatMap((listed) => {
      const action = `${server}:${listed.primitive.name}`;
      const isWanted = wanted.some((pattern) => matchesAction(pattern, action));
      return isWanted && visible(state, listed) ? [{ action, digest: toolDigest(listed.item) }] : [];
    });
  };

  return async (subject, patterns, peer) => {
    const all = servers();
    const tools = await Promise.all(all.map((server) => toolsOf({ subject, patterns, peer }, server)));
    return [...tools.flat(), ...all.flatMap((server) => methodActions(server, patterns))];
  };
}

interface Question {
  readonly subject: Subject;
  readonly patterns: readonly string[];
  readonly peer: string;
}

/** The methods that a call is decided by, beside those of tools. */
const decided: readonly Method[] = [
  ...new Set([usedBy.resource, usedBy.prompt, 'completion/complete']),
].filter(isMethod);

function methodActions(server: ServerId, patterns: readonly string[]): readonly EntitledAction[] {
  return decided
    .map((method) => `${server}:${method}`)
    .filter((action) => patterns.some((pattern) => matchesAction(pattern, action)))
    .map((action) => ({ action }));
}

function isMethodAction(pattern: string): boolean {
  const method = pattern.slice(pattern.indexOf(':') + 1);
  return isMethod(method) && methods[method].acts !== 'tool';
}

/** Whether a pattern may stand for an action of a server. */
function touches(pattern: string, server: ServerId): boolean {
  return (
    serverOf(pattern) === server || (pattern.endsWith('*') && `${server}:`.startsWith(pattern.slice(0, -1)))
  );
}

function serverOf(pattern: string): ServerId | undefined {
  const joint = pattern.indexOf(':');
  return joint < 0 ? undefined : parseServerId(pattern.slice(0, joint));
}

/** A pattern that reaches beyond the server is cut down to it. */
function unpinned(patterns: readonly string[], server: ServerId): readonly EntitledAction[] {
  return patterns.map((pattern) => ({ action: serverOf(pattern) === server ? pattern : `${server}:*` }));
}

/** No call has arrived; all that is decided by is where it will come from. */
function arrivalFrom(peer: string): Arrival {
  const credentials = {
    authorization: undefined,
    resource: '',
    metadataUrl: '',
    header: () => undefined,
    peer,
    method: 'POST',
    url: '',
  };
  return {
    endpoint: { kind: 'aggregate' },
    credentials,
    decode: () => refuse('internal_fault', 'no call has arrived'),
    agrees: () => undefined,
    channel: { send: () => Promise.resolve() },
  };
}
