import type { Gateway } from '../control/gateway-contract.ts';
import type { ServerSettings, Settings } from '../control/settings.ts';
import { clientSetups, tokenVariable } from './client-entries.ts';
import type { Output } from './output.ts';

/** What a person sees when the gateway has started. */
export interface StartFacts {
  readonly gateway: Gateway;
  readonly settings: Settings;
  readonly tokenFile: string;
  readonly config: string;
}

/** The start screen, line by line. */
export function startScreen(facts: StartFacts, style: Output['style']): readonly string[] {
  const { gateway, settings } = facts;
  const heading = (text: string): string => `\n${style('bold', text)}`;
  return [
    `${style('green', 'Bartizan is listening')} at ${style('bold', `${gateway.url}/mcp`)}`,
    heading('Protected'),
    ...settings.servers.map((server) => protectedLine(server, gateway)),
    heading('Rules'),
    `  policy  ${policyLine(settings)}`,
    `  guard   hidden text: ${settings.guard.hiddenText}, secrets: ${settings.guard.secrets}`,
    `  audit   ${settings.audit.directory} (${settings.audit.sync}); read it with \`bartizan audit tail --follow\``,
    ...tokenLines(facts, heading),
    heading('Connect a client'),
    ...setupLines(facts, style),
    '',
    style('dim', `Configuration: ${facts.config}, watched for changes. Ctrl-C stops everything.`),
  ];
}

function protectedLine({ id, target }: ServerSettings, { endpoints }: Gateway): string {
  const what =
    target.kind === 'stdio'
      ? `stdio  ${[target.command, ...target.args].join(' ')}`
      : `http   ${withoutQuery(target.url)}`;
  return `  ${id.padEnd(14)} ${what}\n  ${' '.repeat(14)} ${endpoints[id] ?? ''}`;
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
  return [
    heading('Owner token'),
    `  ${value}`,
    `  valid until ${new Date(expiresAt).toISOString()}; also in ${tokenFile}; \`bartizan token\` issues another`,
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
    `    ${entry}`,
  ]);
  const cursor = `  Cursor reads the token from the environment: export ${tokenVariable}="$(cat '${tokenFile}')"`;
  return file === undefined ? lines : [...lines, cursor];
}
