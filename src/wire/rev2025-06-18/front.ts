import type { FrontDialect } from '../codec.ts';
import { legacyFront } from '../front/legacy-front.ts';

/** Towards clients of 2025-06-18: no icons, no tasks. */
export const front: FrontDialect = legacyFront({
  itemsWithout: ['icons', 'execution'],
  structured: true,
  contentWithout: [],
});
