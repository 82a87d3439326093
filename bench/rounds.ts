import { seededRandom, shuffled } from './stats.ts';

/**
 * Measures every cell once in each round, in a new order each round (A B C, C A B, ...), so that neither drift of the
 * machine nor the neighbour that ran before favours one. Gives the samples of each cell by round.
 */
export const interleave = async <Cell, Sample>(
  cells: readonly Cell[],
  rounds: number,
  measure: (cell: Cell, round: number) => Promise<Sample>,
): Promise<Map<Cell, Sample[]>> => {
  const samples = new Map<Cell, Sample[]>(cells.map((cell) => [cell, []]));
  const random = seededRandom(cells.length * 1000 + rounds);
  for (let round = 0; round < rounds; round++) {
    for (const cell of shuffled(cells, random)) samples.get(cell)?.push(await measure(cell, round));
  }
  return samples;
};
