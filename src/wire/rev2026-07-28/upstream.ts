import type { UpstreamDialect } from '../codec.ts';
import { modernUpstream } from '../upstream/modern-upstream.ts';

/** Towards servers of 2026-07-28: the inner shape itself. */
export const upstream: UpstreamDialect = modernUpstream('2026-07-28');
