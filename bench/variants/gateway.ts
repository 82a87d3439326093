/** The process of one step of the ladder: `gateway.ts STEP UPSTREAM SCRATCH`. */
import { announce, serve } from '../serve.ts';
import { compositions } from './compose.ts';
import { isStep } from './names.ts';

const [step = '', upstream = '', scratch = ''] = process.argv.slice(2);
if (!isStep(step)) throw new Error(`unknown step \`${step}\``);

const compose = compositions[step];
if (compose === undefined) {
  announce({ absent: 'not built yet' });
} else {
  const { url, headers, tool, latency } = await compose({ upstream, scratch });
  serve({ latency: () => latency() ?? null });
  announce({ url, headers, tool });
}
