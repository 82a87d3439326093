import type { Branded } from './brand.ts';

/** The operator's name for one upstream MCP server: `github`, `team-files`. Never the server's own `serverInfo.name`. */
export type ServerId = Branded<'ServerId'>;

const shape = /^[a-z][a-z0-9-]{0,31}$/;

/** The rule in words, for messages. */
export const serverIdRule: string =
  'a lower-case letter, then up to 31 lower-case letters, digits or hyphens';

/**
 * Parses a server id.
 *
 * INVARIANT: an id holds no underscore, colon or plus sign, so public names that join it with those stay unambiguous.
 */
export function parseServerId(text: string): ServerId | undefined {
  return shape.test(text) ? (text as ServerId) : undefined;
}
