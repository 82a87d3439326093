import type { JsonObject } from './json.ts';
import type { ServerId } from './server-id.ts';

/** What MCP servers offer: the primitives of the specification, and the server itself for its own methods. */
export type PrimitiveKind = 'tool' | 'resource' | 'template' | 'prompt' | 'server';

/**
 * A thing a call acts on. It is known by server id and the server's own name for it, never by a display name.
 * For kind `server` the name is empty.
 */
export interface Primitive {
  readonly server: ServerId;
  readonly kind: PrimitiveKind;
  readonly name: string;
}

/** One entry of an upstream's list: the primitive and the item as the server described it. */
export interface Listed {
  readonly primitive: Primitive;
  readonly item: JsonObject;
}
