import type { JsonValue } from '../model/json.ts';
import type { Part } from './detector.ts';

/** Sees one string. `pointer` makes its JSON Pointer (RFC 6901), which is wanted only when something was found. */
export type TextVisitor = (text: string, part: Part, pointer: () => string) => void;

/** Shows every string value and every member name below a value. A member name is pointed to by its member. */
export function walkTexts(value: JsonValue | undefined, root: readonly string[], visit: TextVisitor): void {
  const path: (string | number)[] = [...root];
  step(value, path, visit, () => toPointer(path));
}

/** Writes a JSON Pointer (RFC 6901 section 3). */
export function toPointer(path: readonly (string | number)[]): string {
  return path.map((token) => `/${String(token).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

function step(
  value: JsonValue | undefined,
  path: (string | number)[],
  visit: TextVisitor,
  pointer: () => string,
): void {
  if (typeof value === 'string') visit(value, 'value', pointer);
  else if (Array.isArray(value)) stepArray(value as readonly JsonValue[], path, visit, pointer);
  else if (typeof value === 'object' && value !== null) {
    for (const [name, member] of Object.entries(value)) {
      path.push(name);
      visit(name, 'name', pointer);
      step(member, path, visit, pointer);
      path.pop();
    }
  }
}

function stepArray(
  items: readonly JsonValue[],
  path: (string | number)[],
  visit: TextVisitor,
  pointer: () => string,
): void {
  for (let index = 0; index < items.length; index++) {
    path.push(index);
    step(items[index], path, visit, pointer);
    path.pop();
  }
}
