import type { Detector, Part, Side, Sighting, Span } from '../detector.ts';
import type { HiddenKind } from './candidate.ts';
import { hiddenKinds } from './classes.ts';
import { findHidden, mayHide } from './find-hidden.ts';

/**
 * Finds text that a model reads and a person does not see. It goes from results, it may not stand in what describes
 * a server, and in arguments it is refused where no honest text has it.
 */
export function hiddenText(): Detector {
  return { mayConcern: ({ disguised }) => disguised, begin: () => inspect, cuts };
}

function cuts(text: string): readonly Span[] {
  return mayHide(text) ? findHidden(text).filter((span) => span.cut) : [];
}

function inspect(text: string, side: Side, part: Part): readonly Sighting[] {
  return mayHide(text) ? sightings(text, side, part) : [];
}

function sightings(text: string, side: Side, part: Part): readonly Sighting[] {
  const units = new Map<HiddenKind, number>();
  for (const { kind, start, end } of findHidden(text)) units.set(kind, (units.get(kind) ?? 0) + end - start);
  return Array.from(units, ([kind, count]) => ({
    code: `hidden-text.${kind}`,
    action: actionOn(kind, side, part),
    message: `${part === 'name' ? 'a member name' : 'the text'} holds ${hiddenKinds[kind].name} (${count} code units)`,
  }));
}

function actionOn(kind: HiddenKind, side: Side, part: Part): Sighting['action'] {
  const facts = hiddenKinds[kind];
  if (side === 'argument') return facts.inArgument;
  if (side === 'description') return facts.inDescription;
  if (!facts.cut) return 'note';
  // A member name is never edited (see cutDocument), so what is hidden in one cannot pass.
  return part === 'name' ? 'block' : 'strip';
}
