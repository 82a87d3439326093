import type { JsonValue } from '../model/json.ts';
import type { Part } from './detector.ts';

/**
 * Sees one string and tells whether it is to be withheld. `pointer` makes its JSON Pointer (RFC 6901), which is wanted
 * only when something was found. A member name is pointed to by its member.
 */
export type TextVisitor = (text: string, part: Part, pointer: () => string) => boolean;

/** Stands in pointers for a member name that may be a secret, or not be seen. */
const withheldName = '(name withheld)';

/** Shows every string value and every member name below a value. */
export function walkTexts(value: JsonValue, root: readonly string[], visit: TextVisitor): void {
  const path: (string | number)[] = [...root];
  step(value, path, visit, () => toPointer(path));
}

/** Writes a JSON Pointer (RFC 6901 section 3). */
function toPointer(path: readonly (string | number)[]): string {
  return path.map((token) => `/${String(token).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

type Step = (
  value: JsonValue | undefined,
  path: (string | number)[],
  visit: TextVisitor,
  pointer: () => string,
) => void;

const step: Step = (value, path, visit, pointer) => {
  if (typeof value === 'string') visit(value, 'value', pointer);
  else if (Array.isArray(value)) stepItems(value, path, visit, pointer);
  else if (typeof value === 'object' && value !== null) stepMembers(value, path, visit, pointer);
};

const stepItems: Step = (value, path, visit, pointer) => {
  for (const [index, item] of (value as readonly JsonValue[]).entries()) {
    path.push(index);
    step(item, path, visit, pointer);
    path.pop();
  }
};

const stepMembers: Step = (value, path, visit, pointer) => {
  for (const [name, member] of Object.entries(value as object) as [string, JsonValue][]) {
    path.push(withheldName);
    if (!visit(name, 'name', pointer)) path[path.length - 1] = name;
    step(member, path, visit, pointer);
    path.pop();
  }
};
