import { homedir } from 'node:os';
import { join } from 'node:path';
import { ownCommand } from './own-command.ts';

/** How one MCP client is pointed at the gateway. */
export interface ClientSetup {
  readonly client: string;
  /** Where the entry goes. */
  readonly where: string;
  /** What to paste: a command line, or the members of a JSON file. */
  readonly entry: string | object;
}

/** What the entries need to know of the gateway. */
export interface EntryFacts {
  /** The endpoint of all servers. */
  readonly endpoint: string;
  /** The file with the owner's token; undefined where clients bring tokens of their own. */
  readonly tokenFile: string | undefined;
  readonly stateDirectory: string;
}

/** The environment variable that the entries below read the token from. */
export const tokenVariable = 'BARTIZAN_TOKEN';

/** Ready-to-paste entries. None of them holds the token itself: files of clients are read by many programs. */
export function clientSetups(facts: EntryFacts): readonly ClientSetup[] {
  return [claudeCode(facts), cursor(facts), vsCode(facts), claudeDesktop(facts)];
}

function claudeCode({ endpoint, tokenFile }: EntryFacts): ClientSetup {
  const add = `claude mcp add --transport http bartizan ${endpoint}`;
  const header =
    tokenFile === undefined ? '' : ` \\\n  --header "Authorization: Bearer $(cat ${shellPath(tokenFile)})"`;
  return { client: 'Claude Code', where: 'in a terminal', entry: `${add}${header}` };
}

function cursor({ endpoint, tokenFile }: EntryFacts): ClientSetup {
  const headers = tokenFile === undefined ? {} : { headers: bearer(`\${env:${tokenVariable}}`) };
  return {
    client: 'Cursor',
    where: '~/.cursor/mcp.json',
    entry: { mcpServers: { bartizan: { url: endpoint, ...headers } } },
  };
}

function vsCode({ endpoint, tokenFile }: EntryFacts): ClientSetup {
  const server = { type: 'http', url: endpoint };
  const input = { type: 'promptString', id: 'bartizan-token', description: 'Bartizan token', password: true };
  const entry =
    tokenFile === undefined
      ? { servers: { bartizan: server } }
      : { inputs: [input], servers: { bartizan: { ...server, headers: bearer(`\${input:${input.id}}`) } } };
  return { client: 'VS Code', where: '.vscode/mcp.json', entry };
}

/** Claude Desktop starts programs only, so it gets the bridge, which finds the gateway and the token by itself. */
function claudeDesktop({ stateDirectory }: EntryFacts): ClientSetup {
  const [command = 'npx', ...args] = ownCommand();
  const isUsual = stateDirectory === join(homedir(), '.bartizan');
  const where = isUsual ? [] : ['--state-directory', stateDirectory];
  return {
    client: 'Claude Desktop',
    where: 'claude_desktop_config.json',
    entry: { mcpServers: { bartizan: { command, args: [...args, 'stdio', ...where] } } },
  };
}

function bearer(token: string): { readonly Authorization: string } {
  return { Authorization: `Bearer ${token}` };
}

/** A path as a person types it: `~` for the home directory, quoted where the shell needs it. */
export function shellPath(path: string): string {
  const home = `${homedir()}/`;
  const short = path.startsWith(home) ? `~/${path.slice(home.length)}` : path;
  return shellQuote(short) === short ? short : shellQuote(path);
}

/** A text as one word of a POSIX shell. */
function shellQuote(text: string): string {
  return /^[\w@%+=:,./~-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
