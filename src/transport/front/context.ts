import type { JsonObject } from '../../model/json.ts';
import type { Credentials } from '../../pipeline/ports.ts';
import type { Codec } from '../../wire/codec.ts';
import type { Site } from './endpoints.ts';
import type { Exchange } from './exchange.ts';
import { defaultLimits, type FrontLimits } from './limits.ts';
import type { ModernFacts } from './modern-call.ts';
import type { FrontOptions } from './options.ts';
import { type Quota, quota } from './quota.ts';
import { type Streams, streams } from './streams.ts';

/** What every handler of the front shares; made once. */
export interface FrontContext extends ModernFacts {
  readonly options: FrontOptions;
  readonly limits: FrontLimits;
  readonly streams: Streams;
  readonly calls: Quota;
  readonly longStreams: Quota;
  readonly legacy: ReadonlyMap<string, Codec>;
  /** What `initialize` negotiates for a client that asks for a version we do not speak. */
  readonly newestLegacy: Codec;
  readonly info: JsonObject;
}

/** Prepares all that can be known before the first request. */
export function frontContext(options: FrontOptions): FrontContext {
  const limits = { ...defaultLimits, ...options.limits };
  const ofEra = (era: Codec['era']): readonly Codec[] => options.codecs.filter((codec) => codec.era === era);
  const [newestLegacy] = ofEra('legacy');
  if (newestLegacy === undefined) throw new Error('the front needs at least one legacy revision');
  return {
    options,
    limits,
    streams: streams(limits.keepAliveSeconds * 1000),
    calls: quota(limits.callsPerPrincipal),
    longStreams: quota(limits.streamsPerPrincipal),
    modern: byRevision(ofEra('modern')),
    legacy: byRevision(ofEra('legacy')),
    newestLegacy,
    revisions: options.front.revisions,
    info: options.front.info,
  };
}

function byRevision(codecs: readonly Codec[]): ReadonlyMap<string, Codec> {
  return new Map(codecs.map((codec) => [codec.revision, codec]));
}

const shown = new WeakMap<Exchange, Credentials>();

/** What an exchange shows of its sender: one object for one request, however often it is asked. */
export function credentialsOf(exchange: Exchange, site: Site): Credentials {
  const before = shown.get(exchange);
  if (before !== undefined) return before;
  const credentials = read(exchange, site);
  shown.set(exchange, credentials);
  return credentials;
}

function read(exchange: Exchange, site: Site): Credentials {
  return {
    authorization: exchange.header('authorization'),
    resource: site.resource,
    metadataUrl: site.metadataUrl,
    header: (name) => exchange.header(name),
    peer: exchange.peer,
    method: exchange.method,
    url: `${site.origin}${exchange.path}`,
    ...(exchange.certificate && { certificate: exchange.certificate }),
  };
}
