import type { Revision } from '../../model/call.ts';
import type { Codec } from '../codec.ts';
import { front } from './front.ts';
import { upstream } from './upstream.ts';

/** MCP 2025-11-25 on both sides of the gateway. */
export const codec: Codec = { revision: '2025-11-25' as Revision, era: 'legacy', front, upstream };
