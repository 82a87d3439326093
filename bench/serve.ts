import type { Absent, Ask, Listening, Question, Questions, Reply } from './protocol.ts';

export type Answers = {
  readonly [Name in Question]?: (
    argument: Questions[Name]['argument'],
  ) => Questions[Name]['answer'] | Promise<Questions[Name]['answer']>;
};

/** Answers the questions of the process that started this one, and ends when that process does. */
export const serve = (answers: Answers): void => {
  const all: Answers = { cpu: cpuMicros, collect: collectGarbage, ...answers };
  process.on('message', (ask: Ask) => void answer(all, ask));
  process.on('disconnect', () => process.exit(0));
  // Ctrl-C reaches the whole process group; the starter ends its children in its own order.
  process.on('SIGINT', () => {});
};

/** Tells the starter where this process listens, or why it does not. */
export const announce = (line: Listening | Absent): void => {
  process.stdout.write(`${JSON.stringify(line)}\n`);
};

const answer = async (answers: Answers, ask: Ask): Promise<void> => {
  const given = answers[ask.question] as ((argument: unknown) => unknown) | undefined;
  let reply: Reply;
  try {
    if (given === undefined) throw new Error(`this process does not answer \`${ask.question}\``);
    reply = { sequence: ask.sequence, answer: await given(ask.argument) };
  } catch (error) {
    reply = { sequence: ask.sequence, failure: error instanceof Error ? error.message : String(error) };
  }
  if (process.connected) process.send?.(reply);
};

const cpuMicros = (): number => {
  const usage = process.resourceUsage();
  return usage.userCPUTime + usage.systemCPUTime;
};

const collectGarbage = (): null => {
  globalThis.gc?.();
  return null;
};
