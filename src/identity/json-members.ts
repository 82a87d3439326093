const token = /"(?:[^"\\]|\\.)*"|[{}[\]:]/gs;

/**
 * Whether any object of a JSON text has two members of one name (RFC 7519 section 4, RFC 8725 section 2.4: two readers
 * may see two different tokens). The text must be JSON.
 */
export function hasDuplicateMembers(text: string): boolean {
  const open: Set<string>[] = [];
  let last = '';
  for (const [part] of text.matchAll(token)) {
    if (part === '{' || part === '[') open.push(new Set());
    else if (part === '}' || part === ']') open.pop();
    else if (part === ':' && !addName(open.at(-1), last)) return true;
    last = part;
  }
  return false;
}

function addName(names: Set<string> | undefined, literal: string): boolean {
  const name = JSON.parse(literal) as string;
  if (names?.has(name) === true) return false;
  names?.add(name);
  return true;
}
