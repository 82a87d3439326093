import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import type { Finding } from './finding.ts';
import { type ImportSite, importsOf } from './imports.ts';
import { packages, rooms, roots } from './rooms.ts';
import { sourcesUnder } from './sources.ts';

type Verdict = Pick<Finding, 'rule' | 'text'>;

/** Where a file stands: its room, and its path from `src/` without the ending. */
type Place = { readonly room: string | undefined; readonly path: string; readonly isTest: boolean };

/** Checks the import rule between the rooms of `src/`; `root` is the repository. */
export function checkRooms(root: string): readonly Finding[] {
  const src = join(root, 'src');
  return sourcesUnder(src).flatMap((file) => {
    const from = placeOf(src, file);
    const at = relative(root, file);
    if (from.room === undefined) return [{ file: at, line: 1, ...strayFile }];
    return importsOf(readFileSync(file, 'utf8')).flatMap((site) => {
      const verdict = judge(src, file, from, site);
      return verdict === undefined ? [] : [{ file: at, line: site.line, ...verdict }];
    });
  });
}

const strayFile: Verdict = {
  rule: 'unknown-room',
  text: 'stands in no room; the rooms are in tools/house/rooms.ts',
};

function placeOf(src: string, file: string): Place {
  const path = relative(src, file)
    .replace(/(?:\.test|\.test-d)?\.ts$/, '')
    .replaceAll('\\', '/');
  const first = path.split('/')[0] ?? '';
  const known = roots.includes(first) || (path !== first && Object.hasOwn(rooms, first));
  return { room: known ? first : undefined, path, isTest: /\.test(?:-d)?\.ts$/.test(file) };
}

function judge(src: string, file: string, from: Place, site: ImportSite): Verdict | undefined {
  const { specifier } = site;
  if (specifier?.startsWith('.') === true)
    return judgeRoom(placeOf(src, join(dirname(file), specifier)), from);
  // Tests may use what they like from outside; the rule is about what ships.
  if (from.isTest) return undefined;
  if (specifier === undefined)
    return { rule: 'opaque-import', text: 'a computed import cannot be checked; name the module' };
  return specifier.startsWith('node:') ? judgeBuiltin(specifier, from) : judgePackage(specifier, from);
}

function judgeRoom(to: Place, from: Place): Verdict | undefined {
  const room = from.room ?? '';
  if (roots.includes(room) || to.room === room) return undefined;
  // A test may also call the published contract suites, and read what stands outside `src/`.
  if (from.isTest && (to.room === 'testing' || to.path.startsWith('..'))) return undefined;
  const allowed = rooms[room]?.rooms ?? [];
  if ([to.room, to.path].some((place) => place !== undefined && allowed.includes(place))) return undefined;
  const list = allowed.join(', ') || 'nothing';
  return { rule: 'room', text: `\`${room}\` may not import \`${to.path}\`; allowed: ${list}` };
}

function judgeBuiltin(specifier: string, from: Place): Verdict | undefined {
  const allowed = rooms[from.room ?? '']?.builtins ?? 'all';
  if (allowed === 'all' || allowed.includes(specifier)) return undefined;
  return {
    rule: 'builtin',
    text: `\`${from.room}\` may not import \`${specifier}\`; pass it in through a port`,
  };
}

function judgePackage(specifier: string, from: Place): Verdict | undefined {
  const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
  const home = Object.hasOwn(packages, name) ? packages[name] : undefined;
  if (home === from.room) return undefined;
  if (home === undefined)
    return { rule: 'package', text: `package \`${name}\` has no room; list it in tools/house/rooms.ts` };
  return {
    rule: 'package',
    text: `package \`${name}\` enters in \`${home}\` alone, not in \`${from.room}\``,
  };
}
