import { glob, readFile } from 'node:fs/promises';
import { relative, resolve } from 'node:path';
import { defaultPolicy } from './default-policy.ts';
import type { TreeFault } from './explain-issue.ts';
import { nearest } from './nearest.ts';
import type { PolicySettings, PolicyText } from './settings.ts';
import type { PolicyEntry } from './settings-file.ts';

/** The policies of a configuration, with the files they came from. */
export interface ReadPolicies {
  readonly policy: PolicySettings;
  readonly paths: readonly string[];
  readonly faults: readonly TreeFault[];
}

/**
 * Reads the files that `policy.files` names, in the order of their names.
 *
 * INVARIANT: a pattern that finds nothing is a fault. Passing over it would drop its `forbid` policies in silence.
 */
export async function readPolicies(entry: PolicyEntry, directory: string): Promise<ReadPolicies> {
  const zone = zoneFaults(entry.timezone);
  if (entry.files === undefined)
    return {
      policy: { sources: [defaultPolicy], embedded: true, timezone: entry.timezone },
      paths: [],
      faults: zone,
    };
  const found = await Promise.all(
    entry.files.map((pattern, index) => readPattern(pattern, index, directory)),
  );
  const byPath = new Map(found.flatMap(({ texts }) => texts));
  const paths = [...byPath.keys()].sort();
  const sources = paths.flatMap((path): readonly PolicyText[] => {
    const text = byPath.get(path);
    return text === undefined ? [] : [{ name: relative(directory, path), text }];
  });
  return {
    policy: { sources, embedded: false, timezone: entry.timezone },
    paths,
    faults: [...zone, ...found.flatMap(({ faults }) => faults)],
  };
}

interface Found {
  readonly texts: readonly (readonly [string, string])[];
  readonly faults: readonly TreeFault[];
}

async function readPattern(pattern: string, index: number, directory: string): Promise<Found> {
  const path = ['policy', 'files', index];
  const matches: string[] = [];
  for await (const match of glob(pattern, { cwd: directory })) matches.push(resolve(directory, match));
  if (matches.length === 0)
    return {
      texts: [],
      faults: [
        { path, message: `\`${pattern}\` finds no file in ${directory}; create it or correct the name` },
      ],
    };
  const reads = await Promise.all(matches.map(readOne));
  return {
    texts: reads.flatMap(({ file, text }) => (text === undefined ? [] : [[file, text] as const])),
    faults: reads.flatMap(({ file, text }) =>
      text === undefined
        ? [{ path, message: `\`${relative(directory, file)}\` cannot be read; it must be a readable file` }]
        : [],
    ),
  };
}

async function readOne(file: string): Promise<{ readonly file: string; readonly text: string | undefined }> {
  return { file, text: await readFile(file, 'utf8').catch(() => undefined) };
}

function zoneFaults(timezone: string): readonly TreeFault[] {
  try {
    new Intl.DateTimeFormat('en', { timeZone: timezone });
    return [];
  } catch {
    const guess = nearest(timezone, Intl.supportedValuesOf('timeZone'));
    const mend =
      guess === undefined ? 'write an IANA name such as `Europe/Berlin`' : `did you mean \`${guess}\`?`;
    return [{ path: ['policy', 'timezone'], message: `\`${timezone}\` is no time zone; ${mend}` }];
  }
}
