/** The process of one step of the ladder: `gateway.ts STEP UPSTREAM SCRATCH`. */
import { announce, serve } from '../serve.ts';
import { compositions } from './compose.ts';
import { isIdentityCase, isStep } from './names.ts';

const [step = '', upstream = '', scratch = ''] = process.argv.slice(2);
if (!isStep(step) && !isIdentityCase(step)) throw new Error(`unknown step \`${step}\``);

const compose = compositions[step];
if (compose === undefined) {
  announce({ absent: 'not built yet' });
} else {
  const { url, headers, tool, proofKey, latency } = await compose({ upstream, scratch });
  serve({ latency: () => latency() ?? null });
  announce({ url, headers, tool, ...(proofKey && { proofKey }) });
}
