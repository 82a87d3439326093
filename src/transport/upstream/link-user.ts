import { Refusal, refuse } from '../../model/refusal.ts';
import type { EraVerdict, Scope } from '../../pipeline/ports.ts';
import type { Era } from './era.ts';
import { type Failure, type Link, NotServed } from './link.ts';

/** Does something on the link of a scope. */
export type UseLink = <Result>(
  scope: Scope,
  signal: AbortSignal,
  use: (link: Link) => Promise<Result | Failure>,
) => Promise<Result | Refusal>;

/** Finds the link that suits the era of the server. What the server turned down unread is tried once more. */
export function linkUser(era: Era, linkFor: (verdict: EraVerdict, scope: Scope) => Link | Refusal): UseLink {
  return (scope, signal, use) => {
    const attempt = (verdict: EraVerdict | Refusal): ReturnType<typeof use> => {
      const link = verdict instanceof Refusal ? verdict : linkFor(verdict, scope);
      return link instanceof Refusal ? Promise.resolve(link) : use(link);
    };
    const verdict = era.known();
    const first = verdict === undefined ? era.find(scope, signal).then(attempt) : attempt(verdict);
    return first.then((outcome) => {
      if (!(outcome instanceof NotServed)) return outcome;
      if (outcome.cause === 'era') era.doubt();
      return era.find(scope, signal).then(attempt).then(onlyOnce);
    });
  };
}

function onlyOnce<Result>(second: Result | Failure): Result | Refusal {
  return second instanceof NotServed
    ? refuse('upstream_failed', `twice not served: ${second.detail}`)
    : second;
}
