import type { Call } from '../../model/call.ts';
import { objectMember } from '../../model/json.ts';
import { methods } from '../../model/method.ts';
import type { RequestWish } from '../codec.ts';
import type { Edit } from '../json/edit.ts';

/** The changes that every revision needs: the id, the upstream's own name of the target, and no task of 2025-11-25. */
export function commonEdits(call: Call, wish: RequestWish): Edit[] {
  const edits: Edit[] = [];
  if (call.document.value['id'] !== wish.id) edits.push({ path: ['id'], value: wish.id });
  const target = targetEdit(call, wish.target);
  if (target !== undefined) edits.push(target);
  if (call.params['task'] !== undefined) edits.push({ path: ['params', 'task'], value: undefined });
  return edits;
}

function targetEdit({ method, params }: Call, target: string | undefined): Edit | undefined {
  if (target === undefined) return undefined;
  if (method === 'completion/complete') return referenceEdit(params, target);
  const member = methods[method].target;
  if (member === undefined || params[member] === target) return undefined;
  return { path: ['params', member], value: target };
}

/** A completion names its prompt or template inside `ref` (server/utilities/completion). */
function referenceEdit(params: Call['params'], target: string): Edit | undefined {
  const ref = objectMember(params, 'ref');
  const member = ref?.['type'] === 'ref/prompt' ? 'name' : 'uri';
  return ref?.[member] === target ? undefined : { path: ['params', 'ref', member], value: target };
}
