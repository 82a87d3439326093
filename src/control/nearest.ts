/** The candidate that was probably meant by a mistyped word, if one is close enough. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const limit = Math.max(1, Math.floor(word.length / 3));
  const scored = candidates
    .map((candidate) => ({ candidate, edits: editDistance(word.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ edits }) => edits <= limit)
    .sort((a, b) => a.edits - b.edits);
  return scored[0]?.candidate;
}

/** Levenshtein's distance, counting an exchange of neighbours as one edit (optimal string alignment). */
function editDistance(a: string, b: string): number {
  const first = Array.from({ length: b.length + 1 }, (_, index) => index);
  const rows = [first];
  for (let i = 1; i <= a.length; i++) rows.push(nextRow(a, b, i, rows));
  return rows.at(-1)?.at(-1) ?? 0;
}

function nextRow(a: string, b: string, i: number, rows: readonly (readonly number[])[]): number[] {
  const at = (row: number, column: number): number => rows[row]?.[column] ?? Number.POSITIVE_INFINITY;
  const row = [i];
  for (let j = 1; j <= b.length; j++) {
    const isSame = a[i - 1] === b[j - 1];
    const isExchange = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
    const edits = [at(i - 1, j) + 1, (row[j - 1] ?? 0) + 1, at(i - 1, j - 1) + (isSame ? 0 : 1)];
    row.push(Math.min(...edits, isExchange ? at(i - 2, j - 2) + 1 : Number.POSITIVE_INFINITY));
  }
  return row;
}
