import type { ListedKind } from '../../pipeline/ports.ts';

/** The lists that a notification says have changed. */
export const changedLists: ReadonlyMap<string, readonly ListedKind[]> = new Map([
  ['notifications/tools/list_changed', ['tool']],
  ['notifications/prompts/list_changed', ['prompt']],
  ['notifications/resources/list_changed', ['resource', 'template']],
]);
