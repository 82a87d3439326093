import { parseServerId, type ServerId } from './server-id.ts';

/** Where a client called: the endpoint that joins every upstream, or the virtual server of one. */
export type Endpoint =
  | { readonly kind: 'aggregate' }
  | { readonly kind: 'server'; readonly server: ServerId };

/** A name split into the upstream that owns it and that upstream's own name. */
export interface OwnedName {
  readonly server: ServerId;
  readonly name: string;
}

const nameJoint = '__';
const uriJoint = '+';

/**
 * The name a client sees for a tool or prompt. On a virtual server it is the upstream's own; on the aggregate endpoint
 * it is `server__name`, which cannot collide because a server id holds no underscore (server/tools, "Tool Names").
 */
export function publicName(endpoint: Endpoint, server: ServerId, name: string): string {
  return endpoint.kind === 'server' ? name : `${server}${nameJoint}${name}`;
}

/** Reads a public tool or prompt name back. */
export function parsePublicName(endpoint: Endpoint, text: string): OwnedName | undefined {
  return parseOwned(endpoint, text, nameJoint);
}

/** The URI a client sees for a resource: on the aggregate endpoint the scheme carries the owner, `server+scheme:rest`. */
export function publicUri(endpoint: Endpoint, server: ServerId, uri: string): string {
  return endpoint.kind === 'server' ? uri : `${server}${uriJoint}${uri}`;
}

/** Reads a public resource URI or URI template back. */
export function parsePublicUri(endpoint: Endpoint, text: string): OwnedName | undefined {
  return parseOwned(endpoint, text, uriJoint);
}

function parseOwned(endpoint: Endpoint, text: string, joint: string): OwnedName | undefined {
  if (endpoint.kind === 'server') return { server: endpoint.server, name: text };
  const at = text.indexOf(joint);
  const server = at < 0 ? undefined : parseServerId(text.slice(0, at));
  return server === undefined ? undefined : { server, name: text.slice(at + joint.length) };
}
