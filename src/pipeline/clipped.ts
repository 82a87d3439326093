const longestText = 1_024;

/** A text as it goes into the record: callers and upstreams choose its length, and the log must not grow with it. */
export function clipped(text: string, longest: number = longestText): string {
  return text.length > longest ? `${text.slice(0, longest).toWellFormed()}…` : text;
}
