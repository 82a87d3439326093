import { appendFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { JsonObject } from '../../../src/model/json.ts';
import { answerSample, type ServerEra } from './sample-server.ts';
import { Questions } from './sample-upstreams.ts';

/** The sample server as a process: `node sample-process.ts <era> <file for notes>`. */
const [era, notes = ''] = process.argv.slice(2);
const note = (line: JsonObject): void =>
  appendFileSync(notes, `${JSON.stringify({ pid: process.pid, ...line })}\n`);
const write = (message: JsonObject): void => void process.stdout.write(`${JSON.stringify(message)}\n`);
const asked = new Questions();

note({ started: true, environment: Object.keys(process.env) });
createInterface({ input: process.stdin }).on('line', (line) => {
  note({ line });
  const message = JSON.parse(line) as JsonObject;
  if (asked.answered(message)) return;
  answerSample(era as ServerEra, message, asked.conversation(write)).then(
    (response) => response && write(response),
    () => process.exit(1),
  );
});
process.stdin.on('end', () => note({ ended: true }));
