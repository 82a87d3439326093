/** A server with one tool, `create_pr`. The file that its argument names gets a line for every call that reaches it. */
import { appendFileSync } from 'node:fs';
import { McpServer } from '@modelcontextprotocol/server';
import { StdioServerTransport } from '@modelcontextprotocol/server/stdio';
import * as z from 'zod';

const [journal = ''] = process.argv.slice(2);
const server = new McpServer({ name: 'github', version: '1.0.0' });

server.registerTool(
  'create_pr',
  {
    description: 'Opens a pull request.',
    inputSchema: z.object({ repo: z.string(), title: z.string() }),
  },
  ({ repo, title }) => {
    appendFileSync(journal, `${repo}\n`);
    return { content: [{ type: 'text', text: `opened "${title}" in ${repo}` }] };
  },
);

await server.connect(new StdioServerTransport());
