import { without } from '../cut-document.ts';
import type { Detector, Side, Sighting, TextInspector } from '../detector.ts';
import { findHidden, mayHide } from '../hidden-text/find-hidden.ts';
import { startBudget } from './budget.ts';
import { secretFormats } from './formats.ts';
import { type FoundSecret, secretSearch } from './search.ts';

/** Verifications that one message may cause. Honest messages cause a handful. */
const budgetUnits = 512;

/** Finds credentials. They may not leave in arguments; in what comes in they are noted. */
export function secrets(): Detector {
  const search = secretSearch(secretFormats);
  return {
    mayConcern: ({ bytes, disguised }) => disguised || search.mayHold(bytes),
    begin(): TextInspector {
      const budget = startBudget(budgetUnits);
      return (text, side) => {
        const found = search.find(visible(text), budget).map((secret) => sighting(secret, side));
        return budget.ranOut() ? [...found, unverified(side)] : found;
      };
    },
    cuts: undefined,
  };
}

/** Hidden characters must not split a secret: whoever takes them out has it whole. */
function visible(text: string): string {
  return mayHide(text)
    ? without(
        text,
        findHidden(text).filter((span) => span.cut),
      )
    : text;
}

function sighting({ format, length, disguises }: FoundSecret, side: Side): Sighting {
  const spelling = disguises.length === 0 ? '' : `, in ${disguises.join(' and ')} encoding`;
  return {
    code: `secret.${format.kind}`,
    action: actionOn(side),
    message: `the text holds a secret: ${format.name}, ${length} characters${spelling}`,
  };
}

/** What was not verified counts as found: otherwise a text could hide a secret behind many false ones. */
function unverified(side: Side): Sighting {
  return {
    code: 'secret.unverified',
    action: actionOn(side),
    message: 'the message holds more that resembles secrets than is verified in one message',
  };
}

function actionOn(side: Side): Sighting['action'] {
  return side === 'argument' ? 'block' : 'note';
}
