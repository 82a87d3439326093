import { parseArgs } from 'node:util';
import { isVariantName, type VariantName, variantNames } from './variants/names.ts';

export interface Options {
  readonly json: boolean;
  readonly plan: Plan;
  readonly only: ReadonlySet<VariantName>;
}

/** How long and how often everything is measured. Times in milliseconds. */
export interface Plan {
  readonly rounds: number;
  readonly sampleMs: number;
  readonly warmMs: number;
  readonly bodyMs: number;
  readonly bodyRounds: number;
  readonly latencyMs: number;
  readonly latencyRounds: number;
  readonly streams: number;
  readonly memoryRounds: number;
  /** How many tasks are opened for the time to the first call. */
  readonly tasks: number;
}

export const usage: string = `usage: npm run bench -- [options]
  --json          print one JSON object on stdout
  --quick         a short run (about 40 s): shows that everything works, its numbers are rough
  --rounds N      rounds of every variant, 1 to 99 (default 7)
  --seconds S     length of one sample in the ladder, 0.1 to 30 (default 1)
  --only a,b      only these variants (and \`bare\`, which every ratio needs):
                  ${variantNames.join(', ')}`;

const thorough: Plan = {
  rounds: 7,
  sampleMs: 1000,
  warmMs: 6000,
  bodyMs: 400,
  bodyRounds: 7,
  latencyMs: 3000,
  latencyRounds: 3,
  streams: 1000,
  memoryRounds: 3,
  tasks: 200,
};

const quick: Plan = {
  rounds: 3,
  sampleMs: 400,
  warmMs: 2500,
  bodyMs: 200,
  bodyRounds: 2,
  latencyMs: 1500,
  latencyRounds: 1,
  streams: 500,
  memoryRounds: 1,
  tasks: 40,
};

/** Throws with a sentence for the user on anything it does not know. */
export const parseOptions = (args: readonly string[]): Options | 'help' => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      json: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      only: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return 'help';
  const base = values.quick ? quick : thorough;
  const rounds = values.rounds === undefined ? undefined : within('--rounds', values.rounds, 1, 99);
  const seconds = values.seconds === undefined ? undefined : within('--seconds', values.seconds, 0.1, 30);
  if (rounds !== undefined && !Number.isInteger(rounds)) throw new Error('--rounds takes a whole number');
  return {
    json: values.json,
    plan: {
      ...base,
      rounds: rounds ?? base.rounds,
      bodyRounds: rounds ?? base.bodyRounds,
      sampleMs: seconds === undefined ? base.sampleMs : seconds * 1000,
    },
    only: chosen(values.only),
  };
};

const within = (option: string, text: string, low: number, high: number): number => {
  const value = Number(text);
  if (text.trim() !== '' && value >= low && value <= high) return value;
  throw new Error(`${option} takes a number from ${low} to ${high}, not \`${text}\``);
};

const chosen = (text: string | undefined): ReadonlySet<VariantName> => {
  if (text === undefined) return new Set(variantNames);
  const names = text.split(',').map((name) => name.trim());
  const unknown = names.find((name) => !isVariantName(name));
  if (unknown !== undefined) {
    throw new Error(`--only knows no variant \`${unknown}\`; choose from ${variantNames.join(', ')}`);
  }
  return new Set<VariantName>(['bare', ...names.filter(isVariantName)]);
};
