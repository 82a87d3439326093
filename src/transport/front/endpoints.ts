import type { Endpoint } from '../../model/public-name.ts';
import { parseServerId } from '../../model/server-id.ts';
import type { Front } from '../../pipeline/ports.ts';

/** An MCP endpoint with the addresses that derive from it. */
export interface Site {
  readonly endpoint: Endpoint;
  /** The public origin of the gateway. */
  readonly origin: string;
  /** `''` for the aggregate endpoint, `/<server>` for a virtual server. */
  readonly suffix: string;
  /** The canonical URI of the virtual server (RFC 8707 section 2). */
  readonly resource: string;
  /** Where its RFC 9728 document stands. */
  readonly metadataUrl: string;
}

/** What stands at a path. */
export type Place =
  | { readonly kind: 'mcp' | 'sse' | 'messages' | 'metadata'; readonly site: Site }
  | { readonly kind: 'health' };

const wellKnown = '/.well-known/oauth-protected-resource';
const mostKnown = 1024;

/** Finds what stands at a path; undefined where nothing does. Known paths are looked up, not parsed. */
export function places(front: Front, publicUrl: string): (path: string) => Place | undefined {
  const known = new Map<string, Place>();
  return (path) => {
    const place = known.get(path) ?? placeOf(path, publicUrl);
    if (place === undefined || !stands(place, front)) return undefined;
    if (known.size < mostKnown) known.set(path, place);
    return place;
  };
}

/** The configuration may change while the gateway runs, so this is asked every time. */
function stands(place: Place, front: Front): boolean {
  return place.kind === 'health' || front.servers(place.site.endpoint) !== undefined;
}

function placeOf(path: string, publicUrl: string): Place | undefined {
  if (path === '/healthz') return { kind: 'health' };
  if (path === wellKnown) return placeAt('metadata', '', publicUrl);
  if (path.startsWith(`${wellKnown}/mcp`))
    return placeAt('metadata', path.slice(wellKnown.length + 4), publicUrl);
  const kind = (['mcp', 'sse', 'messages'] as const).find(
    (name) => path === `/${name}` || path.startsWith(`/${name}/`),
  );
  return kind === undefined ? undefined : placeAt(kind, path.slice(kind.length + 1), publicUrl);
}

function placeAt(
  kind: 'mcp' | 'sse' | 'messages' | 'metadata',
  suffix: string,
  publicUrl: string,
): Place | undefined {
  const endpoint = endpointOf(suffix);
  if (endpoint === undefined) return undefined;
  const resource = `${publicUrl}/mcp${suffix}`;
  return {
    kind,
    site: {
      endpoint,
      origin: publicUrl,
      suffix,
      resource,
      metadataUrl: `${publicUrl}${wellKnown}/mcp${suffix}`,
    },
  };
}

function endpointOf(suffix: string): Endpoint | undefined {
  if (suffix === '') return { kind: 'aggregate' };
  const server = suffix.startsWith('/') ? parseServerId(suffix.slice(1)) : undefined;
  return server === undefined ? undefined : { kind: 'server', server };
}
