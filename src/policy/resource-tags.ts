/** Tags of a resource, by name. */
export type Tags = Readonly<Record<string, string>>;

/** Knows the tags that the operator gave to resource ids. */
export interface ResourceTags {
  /** The tags of an id, over those of its server and tool. */
  readonly over: (base: Tags, id: string) => Tags;
  /** Whether an entry would match if the id were spelled in another case or with other characters of the same look. */
  readonly nearlyMatches: (id: string) => boolean;
  /** Whether any entry is about resources of this server. */
  readonly covers: (server: string) => boolean;
}

/**
 * Makes the table of tags by resource id. A key is an exact id, or a pattern with one `*` at its end or its start.
 * Where several match, the longer wins, and the exact id over all.
 *
 * @throws Error for a pattern of another shape.
 */
export function createResourceTags(entries: Readonly<Record<string, Tags>>): ResourceTags {
  const rows = Object.entries(entries).map(([pattern, tags]) => ({
    pattern,
    tags,
    matches: matcher(pattern),
    folded: fold(pattern),
    matchesFolded: matcher(fold(pattern)),
  }));
  const patterns = rows
    .filter(({ pattern }) => pattern.includes('*'))
    .toSorted((left, right) => left.pattern.length - right.pattern.length);
  return {
    over: (base, id) => {
      const found = patterns.filter(({ matches }) => matches(id)).map(({ tags }) => tags);
      const exact = Object.hasOwn(entries, id) ? entries[id] : undefined;
      if (found.length === 0 && exact === undefined) return base;
      return Object.fromEntries([base, ...found, exact ?? {}].flatMap((tags) => Object.entries(tags)));
    },
    nearlyMatches: (id) => {
      const spelled = new Set(rows.filter(({ matches }) => matches(id)).map(({ folded }) => folded));
      const name = fold(id);
      return rows.some(({ folded, matchesFolded }) => matchesFolded(name) && !spelled.has(folded));
    },
    covers: (server) =>
      rows.some(({ pattern }) => pattern.startsWith('*') || pattern.startsWith(`${server}:`)),
  };
}

/** Many servers take `ACME/App` for `acme/app`; then it must not escape the tags of the latter. */
function fold(text: string): string {
  return text.normalize('NFKC').toLowerCase();
}

function matcher(pattern: string): (id: string) => boolean {
  const at = pattern.indexOf('*');
  if (at < 0) return (id) => id === pattern;
  const rest = pattern.replace('*', '');
  if (rest.includes('*') || (at > 0 && at < pattern.length - 1)) {
    throw new Error(`the resource pattern \`${pattern}\` must have one \`*\`, at its end or its start`);
  }
  return at === 0 ? (id) => id.endsWith(rest) : (id) => id.startsWith(rest);
}

const scheme = /^[a-z][a-z0-9+.-]*:\/\//i;
const control = /[\0-\x1f\x7f]/;
/** Percent-encoded, once or more often: a letter, a digit, `-`, `.`, `_`, `~` (RFC 3986 section 6.2.2.2). */
const needlessly = /%(?:25)*(?:2[de]|3[0-9]|4[1-9a-f]|5[0-9af]|6[1-9a-f]|7[0-9ae])/i;
const encodedSlash = /%(?:25)*(?:2f|5c)/gi;
const longestName = 4096;

/**
 * Whether a name can mean one resource only. A server that resolves `a/../b`, `a//b`, `a%2fb` or `%61` would act on
 * another resource than the one whose tags were read.
 */
export function isPlainName(name: string): boolean {
  if (!isNormalName(name) || name.search(encodedSlash) >= 0) return false;
  const [, ...rest] = name.replace(scheme, '').split('/');
  return !rest.slice(0, -1).includes('');
}

/**
 * Whether a name is written as RFC 3986 section 6.2.2 would write it: without dot segments, in whatever spelling,
 * without needless encoding, with its scheme in lower case. A server may take another spelling for the same resource,
 * or for one outside of what a policy permits by `resource.name like "file:///public/*"`.
 */
export function isNormalName(name: string): boolean {
  if (name.length > longestName || control.test(name) || name.includes('\\') || !name.isWellFormed())
    return false;
  if (needlessly.test(name)) return false;
  const [start = ''] = scheme.exec(name) ?? [];
  const segments = name.slice(start.length).replaceAll(encodedSlash, '/').split('/');
  return start === start.toLowerCase() && !segments.some((segment) => segment === '.' || segment === '..');
}
