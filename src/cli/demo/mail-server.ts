/** Mail, as an MCP server of the demo: `mail-server <outbox file>`. Whatever is sent stands in the outbox, a line each. */
import { appendFile } from 'node:fs/promises';
import { serveTools } from './tool-server.ts';

const [outbox = 'outbox.jsonl'] = process.argv.slice(2);

await serveTools('mail', {
  send_message: {
    description: 'Sends a message by mail.',
    args: { to: 'Address', subject: 'Subject', body: 'Text of the message' },
    run: async (message) => {
      await appendFile(outbox, `${JSON.stringify(message)}\n`);
      return `sent to ${message['to']}`;
    },
  },
});
