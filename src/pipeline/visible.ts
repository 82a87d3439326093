import { blocking } from '../model/finding.ts';
import type { JsonObject } from '../model/json.ts';
import type { Listed } from '../model/primitive.ts';
import { accessRequest, usedBy } from './access.ts';
import type { Identified } from './identify.ts';
import type { Ports } from './ports.ts';

/** Tells whether a list entry may be shown to a caller. */
export type Visible = (state: Pick<Identified, 'subject' | 'instant' | 'arrival'>, listed: Listed) => boolean;

/** Tells whether the description of a list entry holds nothing that must not reach a model. */
export type Clean = (item: JsonObject) => boolean;

/**
 * A list is partial, a call is full: an entry is visible if its use could be permitted for some arguments, and if its
 * description is clean.
 */
export function visibility({ policy, tagger }: Pick<Ports, 'policy' | 'tagger'>, clean: Clean): Visible {
  return (state, { primitive, item }) =>
    clean(item) &&
    policy.couldPermit(accessRequest(tagger, state, primitive, usedBy[primitive.kind], undefined));
}

/** Descriptions are inspected once; the catalog keeps the entries, and with them the verdicts. */
export function cleanDescriptions({ guard }: Pick<Ports, 'guard'>): Clean {
  const verdicts = new WeakMap<JsonObject, boolean>();
  return (item) => {
    const known = verdicts.get(item);
    if (known !== undefined) return known;
    const clean = blocking(guard.description(item)).length === 0;
    verdicts.set(item, clean);
    return clean;
  };
}
