import type { JsonObject } from '../model/json.ts';
import type { Listed } from '../model/primitive.ts';
import { accessRequest, usedBy } from './access.ts';
import type { Identified } from './identify.ts';
import type { Guard, Ports } from './ports.ts';

/** Tells whether a list entry may be shown to a caller. */
export type Visible = (state: Pick<Identified, 'subject' | 'instant' | 'arrival'>, listed: Listed) => boolean;

/**
 * A list is partial, a call is full: an entry is visible if its use could be permitted for some arguments, and if its
 * description holds nothing that must not reach a model.
 */
export function visibility({ policy, tagger, guard }: Pick<Ports, 'policy' | 'tagger' | 'guard'>): Visible {
  const clean = cleanDescriptions(guard);
  return (state, { primitive, item }) =>
    clean(item) &&
    policy.couldPermit(accessRequest(tagger, state, primitive, usedBy[primitive.kind], undefined));
}

/** Descriptions are inspected once; the catalog keeps the entries, and with them the verdicts. */
function cleanDescriptions(guard: Guard): (item: JsonObject) => boolean {
  const verdicts = new WeakMap<JsonObject, boolean>();
  return (item) => {
    const known = verdicts.get(item);
    if (known !== undefined) return known;
    const clean = !guard.description(item).some((finding) => finding.action === 'block');
    verdicts.set(item, clean);
    return clean;
  };
}
