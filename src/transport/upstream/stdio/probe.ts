import { type Refusal, refuse } from '../../../model/refusal.ts';
import type { Finding } from '../era.ts';
import type { ServerContext, StdioSettings } from '../settings.ts';

export async function probeStdio(_context: ServerContext<StdioSettings>, _signal: AbortSignal): Promise<Finding | Refusal> {
  return refuse('upstream_failed', 'stdio comes next');
}
