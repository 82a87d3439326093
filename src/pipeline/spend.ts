import { after } from '../model/eventual.ts';
import { Refusal } from '../model/refusal.ts';
import type { GuardedCall } from './guard-call.ts';
import type { Ports, TaskUse } from './ports.ts';
import type { Stage } from './stage.ts';
import type { Spending } from './store-ports.ts';

/** The task lives, and the call is counted against its budget. */
export interface Spent extends GuardedCall {
  readonly use: TaskUse;
}

const nothing: Spending = { calls: 0, bytes: 0 };

/** Counts the call against the budget of its task. What only shows lists costs nothing. */
export function spend({ tasks }: Pick<Ports, 'tasks'>): Stage<GuardedCall, { readonly use: TaskUse }> {
  return {
    name: 'spend budget',
    run: ({ subject, route, call }) => {
      const cost = route.kind === 'relay' ? { calls: 1, bytes: call.document.bytes.byteLength } : nothing;
      return after(tasks.begin(subject, cost), (use) => (use instanceof Refusal ? use : { use }));
    },
  };
}
