import type { FrontDialect } from '../codec.ts';
import { modernFront } from '../front/modern-front.ts';

/** Towards clients of 2026-07-28: the inner shape itself. */
export const front: FrontDialect = modernFront(
  new Set([
    'server/discover',
    'tools/list',
    'tools/call',
    'resources/list',
    'resources/templates/list',
    'resources/read',
    'prompts/list',
    'prompts/get',
    'completion/complete',
    'subscriptions/listen',
  ]),
);
