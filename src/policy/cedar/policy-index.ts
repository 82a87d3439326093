import { compileAbstract, type OpenQuery } from './abstract.ts';
import { compile, type Evaluate } from './compile.ts';
import type { ReadPolicy } from './read-policy.ts';
import type { EntityValue } from './value.ts';

/** A policy with its id and its compiled condition. */
export interface CompiledPolicy {
  readonly id: string;
  readonly effect: 'permit' | 'forbid';
  readonly holds: Evaluate;
  /** What the condition may come to over all arguments: the bits of `may`. */
  readonly outcomes: (query: OpenQuery) => number;
}

/** Finds the policies whose scope can match. */
export interface PolicyIndex {
  /**
   * The policies that can apply to a principal who does an action.
   *
   * @param line the action and everything it lies in. The answer is kept for as long as this array is.
   */
  readonly candidates: (line: readonly EntityValue[], principal: EntityValue) => readonly CompiledPolicy[];
}

/** Indexes policies by the actions and the principal that their scopes name. */
export function createPolicyIndex(policies: readonly (ReadPolicy & { readonly id: string })[]): PolicyIndex {
  const entries = policies.map((policy) => ({ ...policy, compiled: compilePolicy(policy) }));
  const byAction = Map.groupBy(
    entries.flatMap((entry) => (entry.actions ?? [undefined]).map((action) => ({ action, entry }))),
    ({ action }) => (action === undefined ? anyAction : key(action)),
  );
  const tables = new WeakMap<readonly EntityValue[], Table>();
  return {
    candidates: (line, principal) => {
      let table = tables.get(line);
      if (table === undefined) {
        const found = [anyAction, ...line.map(key)].flatMap((each) => byAction.get(each) ?? []);
        table = tableOf([...new Set(found.map(({ entry }) => entry))]);
        tables.set(line, table);
      }
      return table.get(principal.id)?.get(principal.type) ?? table.any;
    },
  };
}

interface Entry extends ReadPolicy {
  readonly compiled: CompiledPolicy;
}

/** By the principal's id, then its type: the policies for that principal and those for any. */
interface Table {
  readonly get: (id: string) => ReadonlyMap<string, readonly CompiledPolicy[]> | undefined;
  readonly any: readonly CompiledPolicy[];
}

const anyAction = '';

function tableOf(entries: readonly Entry[]): Table {
  const tables = new Map<string, Map<string, readonly CompiledPolicy[]>>();
  for (const { principal } of entries) {
    if (principal === undefined) continue;
    const types = tables.get(principal.id) ?? new Map<string, readonly CompiledPolicy[]>();
    tables.set(principal.id, types.set(principal.type, select(entries, principal)));
  }
  return { get: (id) => tables.get(id), any: select(entries, undefined) };
}

function select(entries: readonly Entry[], principal: EntityValue | undefined): readonly CompiledPolicy[] {
  return entries
    .filter(
      ({ principal: own }) => own === undefined || (own.id === principal?.id && own.type === principal.type),
    )
    .map(({ compiled }) => compiled);
}

function compilePolicy({ id, effect, condition }: ReadPolicy & { readonly id: string }): CompiledPolicy {
  let abstract: ((query: OpenQuery) => number) | undefined;
  const outcomes = (query: OpenQuery): number => {
    abstract ??= compileAbstract(condition);
    return abstract(query);
  };
  return { id, effect, holds: compile(condition), outcomes };
}

function key({ type, id }: EntityValue): string {
  return `${type}::${JSON.stringify(id)}`;
}
