import { matchesSpiffePattern, parseSpiffeId, parseSpiffePattern } from '../model/spiffe-id.ts';

/**
 * Whether an entry under `agents` is about a client: it names its id, or everything below a path with `/*` at its end. The
 * id may be a SPIFFE ID, or the URL of a client metadata document.
 */
export function matchesAgent(pattern: string, id: string): boolean {
  const spiffe = parseSpiffePattern(pattern);
  const workload = parseSpiffeId(id);
  if (spiffe !== undefined && workload !== undefined) return matchesSpiffePattern(spiffe, workload);
  // A SPIFFE pattern is about workloads alone, and a workload has no other name.
  if (pattern.startsWith('spiffe://') || workload !== undefined) return false;
  return pattern === id || (pattern.endsWith('/*') && isBelow(pattern.slice(0, -1), id));
}

/** INVARIANT: dot segments climb out of a path, so they are never below it. */
function isBelow(base: string, id: string): boolean {
  const rest = id.slice(base.length);
  return (
    id.startsWith(base) && rest !== '' && !rest.split('/').some((part) => /^(?:\.|%2e){1,2}$/i.test(part))
  );
}
