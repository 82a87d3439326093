import type { FrontDialect } from '../codec.ts';
import { legacyFront } from '../front/legacy-front.ts';

/** Towards clients of 2025-11-25. Its experimental tasks are not offered, so tools do not speak of them. */
export const front: FrontDialect = legacyFront({
  notifications: ['notifications/elicitation/complete'],
  itemsWithout: ['execution'],
  structured: true,
  contentWithout: [],
});
