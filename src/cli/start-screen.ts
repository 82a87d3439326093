import { isIP } from 'node:net';
import type { Gateway } from '../control/gateway-contract.ts';
import type { ServerSettings, Settings } from '../control/settings.ts';
import { clientSetups, shellPath, tokenVariable } from './client-entries.ts';
import { layOutJson } from './lay-out-json.ts';
import type { Output } from './output.ts';
import { typedCommand } from './own-command.ts';

/** What a person sees when the gateway has started. */
export interface StartFacts {
  readonly gateway: Gateway;
  readonly settings: Settings;
  readonly tokenFile: string;
  readonly config: string;
  /** Where the owner sets a login up, once; undefined where there is one, or none is wanted. */
  readonly setupLink: string | undefined;
  /** Columns of the terminal; undefined where there is none, and then nothing is cut. */
  readonly columns?: number | undefined;
}

/** The start screen, line by line. */
export function startScreen(facts: StartFacts, style: Output['style']): readonly string[] {
  const { gateway, settings } = facts;
  const heading = (text: string): string => `\n${style('bold', text)}`;
  return [
    `${style('green', 'Bartizan is listening')} at ${style('bold', `${gateway.url}/mcp`)}`,
    heading('Protected'),
    ...settings.servers.flatMap((server) => protectedLines(server, facts, style)),
    heading('Rules'),
    `  policy  ${policyLine(settings)}`,
    `  guard   hidden text: ${settings.guard.hiddenText}, secrets: ${settings.guard.secrets}`,
    `  audit   ${settings.audit.directory} (${settings.audit.sync})`,
    style('dim', `          read it with \`${typedCommand()} audit tail --follow\``),
    ...tokenLines(facts, heading),
    ...loginLines(facts, heading, style),
    heading('Connect a client'),
    ...setupLines(facts, style),
    '',
    style('dim', 'Changes of this configuration are taken over while the gateway runs:'),
    style('dim', `  ${facts.config}`),
    'Ctrl-C stops everything.',
  ];
}

function protectedLines(
  { id, target }: ServerSettings,
  { gateway, columns = Number.POSITIVE_INFINITY }: StartFacts,
  style: Output['style'],
): readonly string[] {
  const what =
    target.kind === 'stdio' ? [target.command, ...target.args].join(' ') : withoutQuery(target.url);
  const line = `  ${' '.repeat(14)} ${what}`;
  const shown = line.length > columns ? `${line.slice(0, columns - 3)}...` : line;
  return [`  ${id.padEnd(14)} ${gateway.endpoints[id] ?? ''}`, style('dim', shown)];
}

/** A query may hold a key. */
function withoutQuery(url: string): string {
  return url.replace(/\?.*$/, '?...');
}

function policyLine({ policy }: Settings): string {
  if (policy.embedded) return 'embedded default: the owner may call everything, nobody else anything';
  return `${policy.sources.map(({ name }) => name).join(', ')} (time zone ${policy.timezone})`;
}

function tokenLines(
  { gateway, tokenFile }: StartFacts,
  heading: (text: string) => string,
): readonly string[] {
  if (gateway.token === undefined) return [];
  const { value, expiresAt } = gateway.token;
  const until = new Date(expiresAt).toISOString().replace(/T(\d+:\d+).*/, ' $1 UTC');
  return [
    heading('Owner token'),
    // At the edge of the screen, so that copying it takes no blanks along.
    value,
    `  valid until ${until}, and kept fresh in`,
    `  ${tokenFile}`,
  ];
}

/** Clients that can log in need no token. Browsers bind passkeys to names, so an address gets a password. */
function loginLines(
  { gateway, setupLink }: StartFacts,
  heading: (text: string) => string,
  style: Output['style'],
): readonly string[] {
  if (setupLink === undefined) return [];
  const { hostname, port } = new URL(gateway.url);
  const named = isIP(hostname.replaceAll(/[[\]]/g, '')) === 0;
  const passkey = [
    `  A passkey needs a name: set \`listen.publicUrl: http://localhost:${port}\``,
    '  first, and use that address in the clients.',
  ];
  return [
    heading('Log in without a token'),
    `  Set ${named ? 'a passkey or a password' : 'a password'} up once, within 30 minutes:`,
    setupLink,
    '  Then clients that can log in need no token: leave the header out of their',
    '  entry, and they open the login in your browser.',
    ...(named ? [] : passkey.map((line) => style('dim', line))),
  ];
}

function setupLines({ gateway, settings, tokenFile }: StartFacts, style: Output['style']): readonly string[] {
  const file = gateway.token === undefined ? undefined : tokenFile;
  const setups = clientSetups({
    endpoint: `${gateway.url}/mcp`,
    tokenFile: file,
    stateDirectory: settings.state.directory,
  });
  const lines = setups.flatMap(({ client, where, entry }) => [
    `  ${client} ${style('dim', `(${where})`)}`,
    ...entryLines(entry).map((line) => `    ${line}`),
  ]);
  return file === undefined ? lines : [...lines, '', ...tokenAdvice(file).map((line) => style('dim', line))];
}

const entryWidth = 74;

function entryLines(entry: string | object): readonly string[] {
  return typeof entry === 'string' ? entry.split('\n') : layOutJson(entry, entryWidth);
}

function tokenAdvice(file: string): readonly string[] {
  return [
    `  Cursor reads the token from its environment:`,
    `    export ${tokenVariable}="$(cat ${shellPath(file)})"`,
    '  The entry of Claude Desktop fits every client that starts programs, and it',
    '  alone finds a fresh token by itself when the one above has expired.',
  ];
}
