import { TaskError } from '../../task/index.ts';

/** What to do about a refusal of the token endpoint, where its own words do not say it. */
const mends: Readonly<Record<string, (agent: string) => string>> = {
  invalid_client: (agent) =>
    `the gateway knows no agent \`${agent}\` that needs no key; enter it under \`agents\`, or leave \`--agent\` out`,
  invalid_token: () => 'the token counts no more; get a fresh one with `bartizan token`, or log in again',
  use_dpop_nonce: () => 'the gateway asked for a second nonce; try again',
  discovery_failed: () => 'give the endpoint as clients reach it, such as http://127.0.0.1:7300/mcp',
  temporarily_unavailable: () => 'try again in a moment',
};

/** The same fault with its mend, for a person. */
export function withMend(fault: unknown, agent: string): unknown {
  if (!(fault instanceof TaskError)) return fault;
  const mend = Object.hasOwn(mends, fault.code) ? mends[fault.code] : undefined;
  const words = [`no task was granted: ${fault.message}`, ...(mend === undefined ? [] : [mend(agent)])];
  return new Error(words.join('; '), { cause: fault });
}
