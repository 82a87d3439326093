/** A literal text, or a variable with the characters it may not take. */
type Part = { readonly literal: string } | { readonly stops: string };

const longestUri = 4096;
const mostParts = 64;

/** Comparisons of characters that one look-up may cost; an honest list costs a few hundred. */
const mostWork = 1_000_000;

/**
 * The first of the templates that can expand to a URI (RFC 6570). Plain variables take one path segment, the operators
 * of levels 2 and 3 take anything. The work is bounded over all of them, whatever the upstream wrote as templates:
 * what was not reached by then matches nothing.
 */
export function firstTemplate<Entry>(
  entries: readonly Entry[],
  templateOf: (entry: Entry) => string,
  uri: string,
): Entry | undefined {
  const work = { left: mostWork };
  return entries.find((entry) => work.left > 0 && matches(templateOf(entry), uri, work));
}

/** Whether one template can expand to a URI. */
export function matchesTemplate(template: string, uri: string): boolean {
  return matches(template, uri, { left: mostWork });
}

function matches(template: string, uri: string, work: { left: number }): boolean {
  const parts = partsOf(template);
  work.left -= parts.length;
  if (parts.length > mostParts || uri.length > longestUri) return false;
  let ends = new Set([0]);
  for (const part of parts) {
    work.left -= 'literal' in part ? ends.size : uri.length;
    ends = 'literal' in part ? afterLiteral(ends, uri, part.literal) : afterVariable(ends, uri, part.stops);
    if (ends.size === 0) return false;
  }
  return ends.has(uri.length);
}

function partsOf(template: string): readonly Part[] {
  return template
    .split(/(\{[^{}]*\})/)
    .filter((text) => text !== '')
    .map(partOf);
}

function partOf(text: string): Part {
  if (!text.startsWith('{')) return { literal: text };
  return { stops: /^\{[+#./;?&]/.test(text) || text.endsWith('*}') ? '' : '/?#' };
}

function afterLiteral(starts: ReadonlySet<number>, uri: string, literal: string): Set<number> {
  const ends = new Set<number>();
  for (const start of starts) if (uri.startsWith(literal, start)) ends.add(start + literal.length);
  return ends;
}

/** A variable takes at least one character; from the earliest start it reaches every end up to a stop. */
function afterVariable(starts: ReadonlySet<number>, uri: string, stops: string): Set<number> {
  const ends = new Set<number>();
  let open = false;
  for (let at = 0; at < uri.length; at++) {
    open ||= starts.has(at);
    if (stops.includes(uri.charAt(at))) open = false;
    if (open) ends.add(at + 1);
  }
  return ends;
}
