import { formatProblem } from '../control/config-error.ts';
import type { Gateway, GatewayModule } from '../control/gateway-contract.ts';
import type { ListenOrders, Loaded } from '../control/load-settings.ts';
import { announceRunning, tokenFileIn, withdrawRunning, writeToken } from '../control/running.ts';
import { watchSettings } from '../control/watch-settings.ts';
import { loadConfig } from './config-file.ts';
import { type ExitCode, exitCode } from './exit-code.ts';
import { loadGateway } from './load-gateway.ts';
import { missingCommands } from './missing-commands.ts';
import { output } from './output.ts';
import { refreshToken } from './refresh-token.ts';
import { startScreen } from './start-screen.ts';
import { stopSignal } from './stop-signal.ts';

/** How `bartizan up` was asked for. */
export interface UpOptions {
  readonly config?: string;
  readonly port?: number;
  readonly host?: string;
  readonly json: boolean;
}

/** How long what was stopped may take to let go of the process, in milliseconds. */
const lingerMs = 2_000;

/** Runs the gateway until it is told to stop. */
export async function runUp(options: UpOptions): Promise<ExitCode> {
  const listen: ListenOrders = {
    ...(options.host === undefined ? {} : { host: options.host }),
    ...(options.port === undefined ? {} : { port: options.port }),
  };
  const load = (): Promise<Loaded> => loadConfig(options.config, listen);
  const loaded = await load();
  for (const warning of loaded.warnings) warn(formatProblem(warning));
  const module = await loadGateway();
  const problems = await module.checkSettings(loaded.settings);
  if (problems.length > 0) return refuse(problems, options.json);
  for (const message of missingCommands(loaded.settings)) warn(message);
  const stopped = stopSignal(forceEnd, hangupMeansEnd() ? ['SIGINT', 'SIGTERM', 'SIGHUP'] : undefined);
  const gateway = await module.startGateway(loaded.settings, { report: reporter(options.json) });
  await announce(gateway, loaded, options);
  await runUntil(stopped, { gateway, module, loaded, load, json: options.json });
  return exitCode.ok;
}

interface Run {
  readonly gateway: Gateway;
  readonly module: GatewayModule;
  readonly loaded: Loaded;
  readonly load: () => Promise<Loaded>;
  readonly json: boolean;
}

async function runUntil(stopped: Promise<NodeJS.Signals>, run: Run): Promise<void> {
  const ending = new AbortController();
  watchSettings({
    current: run.loaded,
    load: run.load,
    check: (loaded) => run.module.checkSettings(loaded.settings),
    onLoad: (loaded, before) => takeOver(run, loaded, before),
    onError: (error, kept) => reportKept(run.json, error, kept),
    reloadOnHangup: !hangupMeansEnd(),
    signal: ending.signal,
  });
  keepTokenGood(run, ending.signal);
  const signal = await stopped;
  ending.abort();
  output.say(output.style('dim', `${signal}: stopping; press Ctrl-C again to force it`));
  await run.gateway.stop();
  await withdrawRunning(run.loaded.settings.state.directory, process.pid);
  if (run.json) output.data(JSON.stringify({ event: 'stopped', signal }));
  // Nothing is left to do; whatever still holds the process must not keep it.
  setTimeout(() => process.exit(), lingerMs).unref();
}

function keepTokenGood({ gateway, module, loaded: { settings } }: Run, signal: AbortSignal): void {
  if (gateway.token === undefined) return;
  refreshToken({
    minutes: settings.identity.owner.tokenMinutes,
    resource: gateway.token.resource,
    issue: (order) => module.issueOwnerToken(settings, order),
    write: (token) => writeToken(tokenFileIn(settings.state.directory), token),
    warn,
    signal,
  });
}

function refuse(problems: readonly string[], json: boolean): ExitCode {
  if (json) output.data(JSON.stringify({ event: 'failed', problems }));
  for (const problem of problems) output.say(`${output.style('red', 'error')} ${problem}`);
  return exitCode.usage;
}

function warn(message: string): void {
  output.say(`${output.style('yellow', 'warning')} ${message}`);
}

/** On a terminal SIGHUP says that the terminal is gone; a service is told by it to read its configuration again. */
function hangupMeansEnd(): boolean {
  return process.stderr.isTTY || process.stdin.isTTY;
}

/** Passes on what happens while the gateway runs; that it started and ended has lines of its own. */
function reporter(json: boolean): (event: string, facts: Readonly<Record<string, string>>) => void {
  return (event, facts) => {
    if (event === 'gateway started' || event === 'configuration reloaded') return;
    if (json) output.data(JSON.stringify({ event: 'report', what: event, facts }));
    const details = Object.entries(facts).map(([name, value]) => `${name}: ${shortened(value)}`);
    output.say(output.style('dim', [event, ...details].join('  ')));
  };
}

/** On a terminal a line must stay a line; the audit log and `--json` have all of it. */
function shortened(value: string): string {
  return value.length > mostShown ? `${value.slice(0, mostShown - 3)}...` : value;
}

const mostShown = 160;

function forceEnd(signal: NodeJS.Signals): void {
  output.say(`${signal} again: ended at once`);
  process.exit(130);
}

async function announce(gateway: Gateway, { settings, paths }: Loaded, { json }: UpOptions): Promise<void> {
  const { directory } = settings.state;
  const tokenFile = tokenFileIn(directory);
  const [config = ''] = paths;
  const { columns } = process.stderr;
  const running = { pid: process.pid, url: gateway.url, endpoints: gateway.endpoints, tokenFile, config };
  await announceRunning(directory, { ...running, startedAt: new Date().toISOString() }, gateway.token?.value);
  const { url, endpoints, token } = gateway;
  const setupLink = await gateway.setupLink();
  const facts = {
    event: 'listening',
    url,
    token: token?.value,
    expiresAt: token?.expiresAt,
    endpoints,
    tokenFile,
    setupLink,
  };
  if (json) output.data(JSON.stringify(facts));
  else
    for (const line of startScreen(
      { gateway, settings, tokenFile, config, setupLink, columns },
      output.style,
    ))
      output.say(line);
}

async function takeOver({ gateway, json }: Run, loaded: Loaded, before: Loaded): Promise<void> {
  await gateway.reload(loaded.settings);
  for (const warning of loaded.warnings) warn(formatProblem(warning));
  const facts = { event: 'reloaded', hash: loaded.hash, before: before.hash };
  if (json) output.data(JSON.stringify(facts));
  else output.say(`configuration ${short(loaded.hash)} is in use, after ${short(before.hash)}`);
}

function reportKept(json: boolean, error: Error, kept: Loaded): void {
  if (json) output.data(JSON.stringify({ event: 'reload_failed', kept: kept.hash, message: error.message }));
  for (const line of error.message.split('\n')) output.say(`${output.style('red', 'error')} ${line}`);
  output.say(`the configuration was not taken over; ${short(kept.hash)} stays in use`);
}

function short(hash: string): string {
  return hash.slice(0, 12);
}
