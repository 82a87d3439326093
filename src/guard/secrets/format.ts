/**
 * One format of secret. It is found by its anchors, in one pass with all others, and then verified at the spot.
 */
export interface SecretFormat {
  /** Stable; the code of its findings is `secret.` and this. */
  readonly kind: string;
  /** For a person: "GitHub token". */
  readonly name: string;
  /** Literals of three or more ASCII characters, one of which every secret of this format holds. */
  readonly anchors: readonly string[];
  /** Anchors match in any case, and are not looked for in base64 or hex. */
  readonly caseless?: true;
  /** The anchor must not follow a letter or digit. For anchors that words end with (`task-`, `disk-`). */
  readonly bounded?: true;
  /** The secret begins before the anchor: up to `most` characters of this set. */
  readonly before?: { readonly set: RegExp; readonly most: number };
  /**
   * The whole secret, from its beginning. Sticky, with bounded repeats, without backreferences and nested repeats:
   * its time is bounded by its length.
   */
  readonly pattern: RegExp;
  /** The last word on a match. */
  readonly accept?: (match: RegExpExecArray) => boolean;
  /** A cheap look at the bytes after an anchor that is common in honest text. Must be true wherever `pattern` could match. */
  readonly peek?: Peek;
  /** What is looked for in base64 and hex instead of the anchors; long enough to be rare there. */
  readonly disguised?: readonly string[];
}

/** Looks at the bytes from `end`, the offset after an anchor, and before `length`. */
export type Peek = (bytes: Uint8Array, end: number, length: number) => boolean;
