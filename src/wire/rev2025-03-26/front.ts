import type { FrontDialect } from '../codec.ts';
import { legacyFront } from '../front/legacy-front.ts';

/** Towards clients of 2025-03-26: no titles, no structured output, no resource links. */
export const front: FrontDialect = legacyFront({
  itemsWithout: ['title', 'icons', 'execution', '_meta'],
  structured: false,
  contentWithout: ['resource_link'],
});
