declare const brand: unique symbol;

/** A string that was parsed into a meaning; only the parser of that meaning makes one. */
export type Branded<Name extends string> = string & { readonly [brand]: Name };
