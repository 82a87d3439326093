/**
 * An agent that works in a task: it may read files of the quickstart, five times, for one minute, and nothing else.
 *
 *     BARTIZAN_TOKEN="$(npx node src/cli/main.ts token)" npx node examples/task-client/task-client.ts
 *
 * Outside of this repository, import from `bartizan/task`.
 */
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { openTask } from '../../src/task/index.ts';

const resource = process.env['BARTIZAN_URL'] ?? 'http://127.0.0.1:7300/mcp/files';

// The key of the task is made here and never leaves this process; the user's token goes to the token endpoint alone.
const task = await openTask({
  resource,
  subjectToken: process.env['BARTIZAN_TOKEN'] ?? '',
  agent: process.env['BARTIZAN_AGENT'] ?? 'local',
  actions: ['files:list_directory', 'files:read_text_file'],
  purpose: 'summarise the notes of the sample workspace',
  calls: 5,
  seconds: 60,
});
console.log(`task ${task.id} until ${new Date(task.expiresAt).toISOString()}`);

try {
  const client = new Client(
    { name: 'task-client', version: '1.0.0' },
    { versionNegotiation: { mode: 'auto' } },
  );
  await client.connect(new StreamableHTTPClientTransport(new URL(resource), { fetch: task.fetch }));
  const { tools } = await client.listTools();
  console.log(`tools of this task: ${tools.map(({ name }) => name).join(', ')}`);
  for (let call = 1; call <= 6; call += 1) console.log(`call ${call}: ${await read(client)}`);
  await client.close();
} finally {
  // Whatever still carries the token of the task is refused from now on, within a second.
  await task.end();
  console.log('the task has ended');
}

async function read(client: Client): Promise<string> {
  const path = 'README.md';
  return client.callTool({ name: 'read_text_file', arguments: { path } }).then(
    ({ content }) => JSON.stringify(content).slice(0, 60),
    (refusal: Error) => `refused: ${refusal.message}`,
  );
}
