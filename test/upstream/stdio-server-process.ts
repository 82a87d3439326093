/**
 * A small MCP server over standard input and output that can misbehave. Its first argument is the era it speaks; its
 * tools are named after what they do.
 */
import process from 'node:process';
import { createInterface } from 'node:readline';

const [era = 'legacy'] = process.argv.slice(2);

interface Request {
  readonly id?: string | number;
  readonly method?: string;
  readonly params?: {
    readonly name?: string;
    readonly requestId?: string | number;
    readonly uri?: string;
    readonly arguments?: Readonly<Record<string, unknown>>;
    readonly _meta?: { readonly progressToken?: string | number };
  };
}

const cancelled: unknown[] = [];
const watched: string[] = [];
let declined = 0;
let streamId: string | number | undefined;

function say(message: object): void {
  process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
}

function answer(id: Request['id'], result: object): void {
  say({ id, result: era === 'modern' ? { resultType: 'complete', ...result } : result });
}

const text = (value: unknown): object => ({ content: [{ type: 'text', text: JSON.stringify(value) }] });

const tools: Readonly<Record<string, (id: Request['id'], params: NonNullable<Request['params']>) => void>> = {
  pid: (id) => answer(id, text(process.pid)),
  environment: (id) => answer(id, text(process.env)),
  echo: (id, params) => answer(id, text(params.arguments)),
  never: () => undefined,
  cancelled: (id) => answer(id, text(cancelled)),
  progress: (id, params) => {
    say({
      method: 'notifications/progress',
      params: { progressToken: params._meta?.progressToken, progress: 1 },
    });
    answer(id, text(params._meta?.progressToken));
  },
  watched: (id) => answer(id, text(watched)),
  change: (id) => {
    const _meta = era === 'modern' ? { 'io.modelcontextprotocol/subscriptionId': streamId } : undefined;
    say({ method: 'notifications/tools/list_changed', params: { _meta } });
    for (const uri of ['test://a', 'test://b']) {
      say({ method: 'notifications/resources/updated', params: { uri, _meta } });
    }
    answer(id, text('done'));
  },
  ask: (id) => {
    for (let count = 0; count < 40; count++) say({ id: `q${count}`, method: 'roots/list' });
    setTimeout(() => answer(id, text(declined)), 200);
  },
  garbage: (id) => {
    process.stdout.write('Listening on port 80!\n\n{"jsonrpc":\n');
    answer(id, text('fine'));
  },
  twice: (id) => process.stdout.write(`{"jsonrpc":"2.0","id":${id},"result":{},"result":{}}\n`),
  crash: () => process.exit(3),
  huge: (id) => answer(id, text('x'.repeat(200_000))),
  stubborn: (id) => {
    process.on('SIGTERM', () => undefined);
    setInterval(() => undefined, 1_000);
    answer(id, text(process.pid));
  },
};

const handlers: Readonly<Record<string, (request: Request) => void>> = {
  'server/discover': ({ id }) =>
    era === 'modern'
      ? answer(id, { supportedVersions: ['2026-07-28'], capabilities: { tools: {} } })
      : say({ id, error: { code: -32601, message: 'Method not found' } }),
  initialize: ({ id }) =>
    era === 'modern'
      ? say({ id, error: { code: -32601, message: 'Method not found' } })
      : answer(id, {
          protocolVersion: '2025-06-18',
          capabilities: { tools: {}, resources: { subscribe: true } },
          serverInfo: { name: 's', version: '1' },
          instructions: 'be kind',
        }),
  'tools/list': ({ id }) =>
    answer(id, { tools: Object.keys(tools).map((name) => ({ name, inputSchema: {} })) }),
  'tools/call': ({ id, params = {} }) => tools[params.name ?? '']?.(id, params),
  'resources/subscribe': ({ id, params }) => {
    watched.push(String(params?.uri));
    answer(id, {});
  },
  'resources/unsubscribe': ({ id, params }) => {
    watched.splice(watched.indexOf(String(params?.uri)), 1);
    answer(id, {});
  },
  'subscriptions/listen': ({ id }) => {
    streamId = id;
    const _meta = { 'io.modelcontextprotocol/subscriptionId': id };
    say({ method: 'notifications/subscriptions/acknowledged', params: { notifications: {}, _meta } });
  },
  'notifications/cancelled': ({ params }) => void cancelled.push(params?.requestId),
};

process.stderr.write('hello from the server\n');
createInterface({ input: process.stdin }).on('line', (line) => {
  const request = JSON.parse(line) as Request;
  if (request.method === undefined) declined++;
  handlers[request.method ?? '']?.(request);
});
