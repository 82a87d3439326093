import type { Generated } from 'kysely';

/** The tables as queries see them; `steps.ts` makes them. */
export interface Tables {
  readonly bartizan_schema: { readonly version: number };
  readonly bartizan_claim: { readonly key: Buffer; readonly expires_at: number };
  readonly bartizan_task: TaskTable;
  readonly bartizan_document: DocumentTable;
}

/** A task with what is left of its budget. */
export interface TaskTable {
  readonly id: string;
  readonly ancestors: readonly string[];
  readonly calls: number | null;
  readonly bytes: number | null;
  readonly calls_left: number | null;
  readonly bytes_left: number | null;
  readonly ended: Generated<boolean>;
  readonly not_after: number;
}

/** A document. `kind`, `id`, `value` and `indexes` are JSON text. */
export interface DocumentTable {
  readonly key: Buffer;
  readonly place: Generated<number>;
  readonly kind: string;
  readonly id: string;
  readonly version: number;
  readonly value: string;
  readonly indexes: string | null;
  readonly terms: readonly string[];
  readonly expires_at: number | null;
}
