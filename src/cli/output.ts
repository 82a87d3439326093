import { styleText } from 'node:util';

type Style = Parameters<typeof styleText>[0];

/** What is asked for goes to standard output; what is said to a person goes to standard error. */
export interface Output {
  readonly data: (line: string) => void;
  readonly say: (line: string) => void;
  /** Styles a text for standard error, where that is wanted. */
  readonly style: (style: Style, text: string) => string;
}

/** The streams of this process. Colours appear on a terminal, unless `NO_COLOR` is set. */
export const output: Output = {
  data: (line) => void process.stdout.write(`${line}\n`),
  say: (line) => void process.stderr.write(`${line}\n`),
  style: (style, text) => styleText(style, text, { stream: process.stderr, validateStream: true }),
};

/** Whether standard output takes colours. */
export function dataHasColour(): boolean {
  return styleText('red', 'x', { stream: process.stdout, validateStream: true }) !== 'x';
}

/** A reader who has seen enough closes the pipe (`| head`): that ends a command, it does not fail it. */
export function endQuietlyOnClosedPipe(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(0);
  });
}
