import { createAgent } from './demo/agent.ts';
import { type Played, play } from './demo/play.ts';
import { script } from './demo/script.ts';
import { type Show, terminalShow } from './demo/show.ts';
import { type Stage, setStage } from './demo/stage.ts';
import { type Check, checksOf } from './demo/verdict.ts';
import { type ExitCode, exitCode } from './exit-code.ts';
import { output } from './output.ts';

/** How `bartizan demo` was asked for. */
export interface DemoOptions {
  /** Prints one JSON object instead of the show. */
  readonly json?: boolean;
}

/**
 * Plays an honest task that passes and an attack that is stopped, through a gateway of its own on a free port, and
 * leaves nothing behind. The exit status is 0 only if the traffic kept every promise.
 */
export async function runDemo({ json = false }: DemoOptions = {}): Promise<ExitCode> {
  const stage = await setStage();
  const ended = endOnSignal(stage);
  try {
    const show = json ? silence : terminalShow(output.data);
    const { played, checks } = await playOn(stage, show);
    if (json) output.data(JSON.stringify(summary(played, checks)));
    return checks.every(({ kept }) => kept) ? exitCode.ok : exitCode.findings;
  } finally {
    ended.dispose();
    await stage.strike();
  }
}

async function playOn(
  stage: Stage,
  show: Show,
): Promise<{ readonly played: readonly Played[]; readonly checks: readonly Check[] }> {
  const agent = createAgent(stage.gateway);
  try {
    show.open(stage, await agent.tools());
    const played = await play(agent, stage.auditDirectory, script(stage.files), show.step);
    const [outbox, auditLog] = await Promise.all([stage.outbox(), stage.auditLog()]);
    const checks = checksOf(played, { outbox, auditLog, secret: stage.files.secret });
    show.close(played, checks);
    return { played, checks };
  } finally {
    agent.leave();
  }
}

const silence: Show = { open: () => undefined, step: () => undefined, close: () => undefined };

function summary(played: readonly Played[], checks: readonly Check[]): object {
  const denied = played.find(({ decision }) => decision.decision === 'deny');
  return {
    passed: checks.every(({ kept }) => kept),
    checks,
    steps: played.map(({ step, answer, decision, outcome, asExpected }) => ({
      act: step.act,
      tool: step.tool,
      verdict: decision.decision,
      denial: answer.denial,
      policies: decision.policies,
      findings: [...decision.obligations, ...(outcome?.findings ?? [])],
      decision: decision.id,
      asExpected,
    })),
    denial: denied?.answer.message,
    record: denied?.decision,
  };
}

/** Ctrl-C leaves nothing behind either. */
function endOnSignal(stage: Stage): { readonly dispose: () => void } {
  const end = (signal: NodeJS.Signals): void => {
    void stage.strike().finally(() => process.exit(signal === 'SIGINT' ? 130 : 143));
  };
  process.once('SIGINT', end).once('SIGTERM', end);
  return { dispose: () => process.off('SIGINT', end).off('SIGTERM', end) };
}
