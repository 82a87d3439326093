import type { FrontDialect } from '../codec.ts';
import { legacyFront } from '../front/legacy-front.ts';

/** Towards clients of 2024-11-05: no titles, no tool annotations, no structured output, no audio, no resource links. */
export const front: FrontDialect = legacyFront({
  itemsWithout: ['title', 'icons', 'execution', '_meta', 'annotations'],
  structured: false,
  contentWithout: ['audio', 'resource_link'],
});
