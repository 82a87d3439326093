import { isJsonObject } from '../model/json.ts';

/**
 * JSON over as few lines as fit the width, in columns: what is too long for one line is broken at its members.
 *
 * @param taken columns of the first line that are spoken for
 */
export function layOutJson(value: unknown, width: number, taken = 0): readonly string[] {
  const line = onOneLine(value);
  if (taken + line.length <= width || typeof value !== 'object' || value === null) return [line];
  const isList = Array.isArray(value);
  const members = isList
    ? value.map((item) => layOutJson(item, width - 2, commaWidth))
    : Object.entries(value).map(([name, member]) =>
        named(name, layOutJson(member, width - 2, JSON.stringify(name).length + 2 + commaWidth)),
      );
  const lines = members.flatMap((member, index) => withComma(member, index < members.length - 1));
  return [isList ? '[' : '{', ...lines.map((text) => `  ${text}`), isList ? ']' : '}'];
}

const commaWidth = 1;

function named(name: string, [first = '', ...rest]: readonly string[]): readonly string[] {
  return [`${JSON.stringify(name)}: ${first}`, ...rest];
}

function withComma(lines: readonly string[], more: boolean): readonly string[] {
  return more ? [...lines.slice(0, -1), `${lines.at(-1)},`] : lines;
}

function onOneLine(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(onOneLine).join(', ')}]`;
  if (!isJsonObject(value)) return JSON.stringify(value);
  const members = Object.entries(value).map(
    ([name, member]) => `${JSON.stringify(name)}: ${onOneLine(member)}`,
  );
  return members.length === 0 ? '{}' : `{ ${members.join(', ')} }`;
}
