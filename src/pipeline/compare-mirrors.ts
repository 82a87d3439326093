import type { Authorized } from './authorize.ts';
import type { Stage } from './stage.ts';

/** The headers on the way say what the arguments say. */
export interface Mirrored extends Authorized {
  readonly mirrored: true;
}

/**
 * Compares the `Mcp-Param-*` headers with the arguments, by the tool's schema (streamable-http, "Custom Headers"). It
 * stands behind `authorize`, because its refusal tells that the tool exists.
 */
export function compareMirrors(): Stage<Authorized, { readonly mirrored: true }> {
  return {
    name: 'compare mirrors',
    run: ({ arrival, call, listed }) => arrival.agrees(call, listed) ?? { mirrored: true },
  };
}
