import { styleText } from 'node:util';
import { layOutJson } from '../lay-out-json.ts';
import type { Played } from './play.ts';
import type { Step } from './script.ts';
import type { Stage } from './stage.ts';
import type { Check } from './verdict.ts';

/** Shows the demo to a person. */
export interface Show {
  readonly open: (stage: Stage, tools: readonly string[]) => void;
  readonly step: (played: Played) => void;
  readonly close: (played: readonly Played[], checks: readonly Check[]) => void;
}

type Style = Parameters<typeof styleText>[0];

const acts: Readonly<Record<Step['act'], string>> = {
  honest: '1. An honest task: tell the team what is on the roadmap',
  attack: '2. The same agent, after a poisoned document; it obeys whatever it reads',
};

/** A show in plain lines, coloured where standard output is a terminal that wants colours. */
export function terminalShow(print: (line: string) => void): Show {
  const style = (name: Style, text: string): string =>
    styleText(name, text, { stream: process.stdout, validateStream: true });
  let act: Step['act'] | undefined;
  return {
    open: (stage, tools) => {
      print(style('bold', 'Bartizan demo: a gateway, two MCP servers, an agent, real traffic'));
      print('');
      print(`  gateway  ${stage.gateway.url}/mcp`);
      print(`  agent    local, for the owner of this machine`);
      print(`  tools    ${tools.join(', ')}`);
      print('  policy');
      for (const line of stage.policy.trimEnd().split('\n'))
        print(line === '' ? '' : style('dim', `    ${line}`));
    },
    step: (played) => {
      if (act !== played.step.act) print(`\n${style('bold', acts[played.step.act])}`);
      act = played.step.act;
      for (const line of stepLines(played, style)) print(line);
    },
    close: (played, checks) => {
      const denied = played.find(({ step }) => step.expected.verdict === 'deny');
      if (denied !== undefined) for (const line of denialLines(denied, style)) print(line);
      print(`\n${style('bold', 'What was promised')}`);
      for (const { promise, kept } of checks) print(`  ${mark(kept, style)} ${promise}`);
    },
  };
}

type Styler = (name: Style, text: string) => string;

function mark(good: boolean, style: Styler): string {
  return good ? style('green', 'ok  ') : style('red', 'FAIL');
}

function* stepLines(
  { step, args, answer, decision, outcome, asExpected }: Played,
  style: Styler,
): Generator<string> {
  const verdict = decision.decision === 'permit' ? style('green', 'permit') : style('red', 'deny  ');
  const unexpected = asExpected ? '' : style('red', '  NOT AS PROMISED');
  yield '';
  yield `  ${verdict}  the agent ${step.intent}${unexpected}`;
  yield `    call      ${step.tool}`;
  yield `              ${style('dim', shortly(args))}`;
  if (step.note !== undefined) yield* labelled('note', step.note, (text) => style('yellow', text));
  yield* labelled('why', whyOf({ step, decision }));
  for (const finding of outcome?.findings ?? []) yield `    guard     ${style('yellow', finding)}`;
  yield `    result    ${style('dim', shortly(answer.text))}`;
  yield `    decision  ${style('dim', decision.id)}`;
}

function whyOf({ step, decision }: Pick<Played, 'step' | 'decision'>): string {
  if (decision.decision === 'permit') return `policy \`${decision.policies.join('`, `')}\` permits it`;
  const why = step.expected.verdict === 'deny' ? step.expected.why : '';
  return `${decision.denial}: ${why} (${decision.detail})`;
}

function* denialLines({ answer, decision }: Played, style: Styler): Generator<string> {
  yield `\n${style('bold', 'The denial, as the model sees it')}`;
  for (const line of layOutJson(answer.message, width - 2)) yield* wrapped(line, (text) => `  ${text}`);
  yield `\n${style('bold', 'Its record in the audit log')}`;
  for (const line of layOutJson(decision, width - 2)) yield `  ${line}`;
}

/** A line that starts with its label, and goes on below itself. */
function* labelled(
  label: string,
  text: string,
  paint: (text: string) => string = (plain) => plain,
): Generator<string> {
  let head = label;
  for (const line of fold(text, width - indent)) {
    yield `    ${head.padEnd(indent - 4)}${paint(line)}`;
    head = '';
  }
}

/** The columns of the show. */
const width = 96;

/** Where the text beside the labels begins. */
const indent = 14;

/** A line, and below it what of it does not fit, set in as deep as the line was. */
function wrapped(line: string, frame: (text: string) => string): readonly string[] {
  const [depth = ''] = /^ */.exec(line) ?? [];
  const [first = '', ...rest] = fold(line.slice(depth.length), width - 4 - depth.length);
  return [frame(depth + first), ...rest.map((text) => frame(`${depth}  ${text}`))];
}

/** Breaks a text at blanks. */
function fold(text: string, columns: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > columns) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

const longest = width - indent;
const token = /gh[a-z]_[A-Za-z0-9]{8,}/g;

/** One line that fits, with the sample secret masked: a demo must not teach to print secrets. */
function shortly(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  const line = text
    .replace(token, 'ghp_[masked]')
    .replace(/(?:\s|\\n)+/g, ' ')
    .trim();
  return line.length > longest ? `${line.slice(0, longest - 3)}...` : line;
}
