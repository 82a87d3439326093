export type Permit = { readonly x: true };
