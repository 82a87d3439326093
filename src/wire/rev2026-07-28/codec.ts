import type { Revision } from '../../model/call.ts';
import type { Codec } from '../codec.ts';
import { front } from './front.ts';
import { upstream } from './upstream.ts';

/** MCP 2026-07-28 on both sides of the gateway. */
export const codec: Codec = { revision: '2026-07-28' as Revision, era: 'modern', front, upstream };
