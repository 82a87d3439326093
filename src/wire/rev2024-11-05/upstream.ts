import type { UpstreamDialect } from '../codec.ts';
import { legacyUpstream } from '../upstream/legacy-upstream.ts';

/** Towards servers of 2024-11-05. */
export const upstream: UpstreamDialect = legacyUpstream;
