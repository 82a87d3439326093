import type { UpstreamDialect } from '../codec.ts';
import { legacyUpstream } from '../upstream/legacy-upstream.ts';

/** Towards servers of 2025-11-25. */
export const upstream: UpstreamDialect = legacyUpstream;
