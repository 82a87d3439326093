/** One element of a `like` pattern, as Cedar's JSON form writes it. */
export type PatternElement = 'Wildcard' | { readonly Literal: string };

/**
 * Compiles a `like` pattern to a matcher that runs in time linear in the text for each literal run. Every run is
 * looked for from the left, which is enough because a wildcard stands between any two of them.
 */
export function likeMatcher(pattern: readonly PatternElement[]): (text: string) => boolean {
  const runs = literalRuns(pattern);
  const [first = ''] = runs;
  const last = runs.at(-1) ?? '';
  if (runs.length === 1) return (text) => text === first;
  const inner = runs.slice(1, -1);
  return (text) => {
    if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last))
      return false;
    return containsInOrder(text.slice(first.length, text.length - last.length), inner);
  };
}

function containsInOrder(text: string, runs: readonly string[]): boolean {
  let from = 0;
  for (const run of runs) {
    const at = text.indexOf(run, from);
    if (at < 0) return false;
    from = at + run.length;
  }
  return true;
}

/** The literals between the wildcards; n wildcards give n + 1 runs. */
function literalRuns(pattern: readonly PatternElement[]): readonly string[] {
  const runs = [''];
  for (const element of pattern) {
    if (element === 'Wildcard') runs.push('');
    else runs.push((runs.pop() ?? '') + element.Literal);
  }
  return runs;
}
