import { readdirSync, readFileSync } from 'node:fs';
import type { Requirement } from './requirements.ts';

/** The ids that a test file cites, in the order of their first citation. */
export interface Citations {
  /** The name of the file, such as `headers.test.ts`. */
  readonly file: string;
  readonly ids: readonly string[];
}

/** Ids stand between quotes in the tests, also where a test cites by a condition; `verifies` refuses unknown ones. */
const quotedId = /'([A-Z][0-9]{1,2})'/g;

/** What the test files of this suite cite. */
export function citations(): readonly Citations[] {
  const directory = new URL('.', import.meta.url);
  return readdirSync(directory)
    .filter((file) => file.endsWith('.test.ts') && file !== 'suite.test.ts')
    .sort()
    .map((file) => ({ file, ids: citedIn(readFileSync(new URL(file, directory), 'utf8')) }));
}

/** The ids that a text cites. */
export function citedIn(text: string): readonly string[] {
  return [...new Set([...text.matchAll(quotedId)].flatMap(([, id]) => id ?? []))];
}

/** What is wrong between the requirements and the tests, in sentences. */
export function gaps(requirements: readonly Requirement[], cited: readonly Citations[]): readonly string[] {
  const ids = new Set(requirements.map(({ id }) => id));
  const tested = new Set(cited.flatMap((one) => one.ids));
  return [
    ...(ids.size < requirements.length ? ['an id stands twice'] : []),
    ...cited.flatMap(({ file, ids: found }) =>
      found.filter((id) => !ids.has(id)).map((id) => `${file} cites \`${id}\`, which is no requirement`),
    ),
    ...requirements.flatMap((requirement) => gapOf(requirement, tested.has(requirement.id))),
  ];
}

function gapOf({ id, covered, reason }: Requirement, isTested: boolean): readonly string[] {
  if (covered) return isTested ? [] : [`\`${id}\` counts as covered, and no test cites it`];
  if (isTested) return [`\`${id}\` has a test: let it count as covered`];
  return reason === undefined ? [`\`${id}\` is not covered, and no reason is given`] : [];
}
