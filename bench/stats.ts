/** A source of numbers in [0, 1), the same for the same seed, so that two prints of one run agree. */
export type Random = () => number;

/** Mulberry32: small, fast and good enough to shuffle and to resample; never for secrets. */
export const seededRandom = (seed: number): Random => {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
};

/** The same items in a random order (Fisher-Yates). */
export const shuffled = <Item>(items: readonly Item[], random: Random): Item[] => {
  const order = [...items];
  for (let last = order.length - 1; last > 0; last--) {
    const pick = Math.floor(random() * (last + 1));
    [order[last], order[pick]] = [order[pick]!, order[last]!];
  }
  return order;
};

/** The value below which `share` of the values lie, interpolated between neighbours; NaN for no values. */
export const quantile = (values: readonly number[], share: number): number => {
  if (values.length === 0) return Number.NaN;
  const sorted = [...values].sort((a, b) => a - b);
  const place = (sorted.length - 1) * share;
  const below = sorted[Math.floor(place)]!;
  const above = sorted[Math.ceil(place)]!;
  return below + (above - below) * (place - Math.floor(place));
};

export const median = (values: readonly number[]): number => quantile(values, 0.5);

export type Interval = readonly [low: number, high: number];

/**
 * The percentile bootstrap 95 % confidence interval of the median. With few values it is about their range, which is
 * the honest answer.
 */
export const bootstrapMedian = (values: readonly number[], seed = 1, resamples = 2000): Interval => {
  const random = seededRandom(seed);
  const medians = Array.from({ length: resamples }, () =>
    median(values.map(() => values[Math.floor(random() * values.length)]!)),
  );
  return [quantile(medians, 0.025), quantile(medians, 0.975)];
};

export interface Ratio {
  readonly median: number;
  /** 95 % confidence interval of the median. */
  readonly interval: Interval;
}

/**
 * The ratio of two variants, paired by round: what slows a whole round down hits both sides of each pair, and cancels.
 */
export const pairedRatio = (values: readonly number[], references: readonly number[]): Ratio => {
  if (values.length !== references.length) {
    throw new RangeError(`rounds do not pair: ${values.length} values, ${references.length} references`);
  }
  const ratios = values.map((value, round) => value / references[round]!);
  return { median: median(ratios), interval: bootstrapMedian(ratios) };
};
