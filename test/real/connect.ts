/** The official TypeScript client, as the tests use it. */
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';

export interface Caller {
  readonly sdk: Client;
  readonly tools: () => Promise<readonly string[]>;
  /** The result of a tool as one text; refusals that are results are texts too. */
  readonly call: (name: string, args: Record<string, unknown>) => Promise<string>;
  readonly close: () => Promise<void>;
}

/** Connects with a bearer token; the era is the newest that both sides know. */
export async function connect(url: string, token: string, fetch?: typeof globalThis.fetch): Promise<Caller> {
  const transport = new StreamableHTTPClientTransport(new URL(url), {
    requestInit: { headers: { Authorization: `Bearer ${token}` } },
    ...(fetch && { fetch }),
  });
  const sdk = new Client({ name: 'real', version: '1.0.0' }, { versionNegotiation: { mode: 'auto' } });
  await sdk.connect(transport);
  return callerOf(sdk);
}

/** The same words for a client that is connected already. */
export function callerOf(sdk: Client): Caller {
  return {
    sdk,
    tools: async () => (await sdk.listTools()).tools.map(({ name }) => name),
    call: async (name, args) => JSON.stringify(await sdk.callTool({ name, arguments: args })),
    close: () => sdk.close(),
  };
}
