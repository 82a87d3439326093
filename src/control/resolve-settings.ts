import { join, resolve } from 'node:path';
import { isLoopbackHost } from '../model/loopback.ts';
import { readClientServers } from './client-servers.ts';
import type { TreeFault } from './explain-issue.ts';
import { identityFaults } from './identity-faults.ts';
import { readServers } from './server-entries.ts';
import type { Settings } from './settings.ts';
import type { ListenSettings, SettingsFile } from './settings-file.ts';
import type { SpiffeSettings } from './settings-identity.ts';

/** The machine a file is read on. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  /** Where the command was started. */
  readonly cwd: string;
}

/** Settings but for their policies, with everything found wrong or worth saying. */
export interface Resolved {
  readonly settings: Omit<Settings, 'policy'>;
  readonly faults: readonly TreeFault[];
  readonly notices: readonly TreeFault[];
}

/** Turns a checked file into settings: joins both lists of servers, makes paths absolute, checks what belongs together. */
export function resolveSettings(file: SettingsFile, directory: string, around: Surroundings): Resolved {
  const { callSeconds } = file.limits;
  const own = readServers(file.servers, { directory, callSeconds });
  const taken = new Set(Object.keys(file.servers));
  const client = readClientServers(file.mcpServers, { taken, cwd: around.cwd, callSeconds });
  const servers = [...own.servers, ...client.servers];
  const ids = new Set([...taken, ...servers.map(({ id }) => String(id))]);
  const none = ids.size > 0 || client.faults.length > 0 ? [] : [noServer(file)];
  return {
    settings: {
      listen: withPaths(file, directory, around),
      servers,
      resources: new Map(Object.entries(file.resources).map(([id, { tags }]) => [id, tags])),
      identity: file.identity,
      guard: file.guard,
      authorizationServer: file.authorizationServer,
      agents: file.agents,
      tasks: file.tasks,
      ...(file.spiffe && { spiffe: withBundles(file.spiffe, absolutePath(directory, around)) }),
      store: file.store,
      ...places(file, directory, around),
      limits: file.limits,
    },
    faults: [
      ...own.faults,
      ...client.faults,
      ...none,
      ...listenFaults(file),
      ...identityFaults(file),
      ...resourceFaults(file, ids),
    ],
    notices: [...own.notices, ...client.notices, ...identityNotices(file)],
  };
}

function noServer(file: SettingsFile): TreeFault {
  const member = Object.keys(file.mcpServers).length > 0 ? 'mcpServers' : 'servers';
  return { path: [member], message: 'there is no server to protect; add one under `servers`' };
}

function places(
  file: SettingsFile,
  directory: string,
  around: Surroundings,
): Pick<Settings, 'audit' | 'state' | 'vault'> {
  const absolute = absolutePath(directory, around);
  const base = around.env['BARTIZAN_HOME'] || join(around.home, '.bartizan');
  const state =
    file.state.directory === undefined ? resolve(around.cwd, base) : absolute(file.state.directory);
  const audit = file.audit.directory === undefined ? join(state, 'audit') : absolute(file.audit.directory);
  return {
    state: { directory: state },
    audit: { directory: audit, sync: file.audit.sync },
    vault: { ...file.vault, ...(file.vault.file !== undefined && { file: absolute(file.vault.file) }) },
  };
}

function absolutePath(directory: string, { home }: Surroundings): (path: string) => string {
  return (path) => resolve(directory, path.replace(/^~(?=$|[\\/])/, home));
}

function withBundles(spiffe: SpiffeSettings, absolute: (path: string) => string): SpiffeSettings {
  const federates = Object.entries(spiffe.federates).map(([domain, { bundle, ...rest }]) => [
    domain,
    { ...rest, ...(bundle !== undefined && { bundle: absolute(bundle) }) },
  ]);
  return { ...spiffe, federates: Object.fromEntries(federates) as SpiffeSettings['federates'] };
}

function withPaths({ listen }: SettingsFile, directory: string, around: Surroundings): ListenSettings {
  const { tls } = listen;
  if (tls?.certificate === undefined || tls.key === undefined) return listen;
  const absolute = absolutePath(directory, around);
  return { ...listen, tls: { ...tls, certificate: absolute(tls.certificate), key: absolute(tls.key) } };
}

/** Other machines get in only with tokens of an issuer, and by TLS unless the danger is named. */
function listenFaults({ listen, identity, authorizationServer }: SettingsFile): readonly TreeFault[] {
  if (isLoopbackHost(listen.host)) return [];
  const at = { path: ['listen', 'host'] };
  const faults: TreeFault[] = [];
  const ownLogin = authorizationServer.enabled && authorizationServer.login === 'provider';
  if (identity.issuers.length === 0 && !ownLogin)
    faults.push({
      ...at,
      message: `\`${listen.host}\` lets other machines connect, which needs \`identity.issuers\` or \`authorizationServer.login: provider\`; add an issuer, or listen on 127.0.0.1`,
    });
  if (!isEncrypted(listen))
    faults.push({
      ...at,
      message: `\`${listen.host}\` lets other machines connect, so tokens would travel in the clear; set \`listen.tls\`, put TLS before the gateway and its https origin in \`listen.publicUrl\`, or set \`listen.allowInsecurePublicUrl: true\``,
    });
  return faults;
}

function isEncrypted({ publicUrl, allowInsecurePublicUrl, tls }: ListenSettings): boolean {
  return tls !== undefined || allowInsecurePublicUrl || publicUrl?.startsWith('https://') === true;
}

function resourceFaults({ resources }: SettingsFile, ids: ReadonlySet<string>): readonly TreeFault[] {
  return Object.keys(resources).flatMap((name) => {
    const message = resourceFault(name, ids);
    return message === undefined ? [] : [{ path: ['resources', name], named: true, message }];
  });
}

function resourceFault(name: string, ids: ReadonlySet<string>): string | undefined {
  if (!/^\*?[^*]+\*?$/.test(name) || /^\*.*\*$/.test(name))
    return `\`${name}\` must have one \`*\` at most, at its end or its start`;
  if (name.startsWith('*')) return undefined;
  const server = /^([^:]*):./.exec(name)?.[1];
  if (server === undefined) return `\`${name}\` must name a server and an id, such as \`files:/srv/*\``;
  if (ids.has(server)) return undefined;
  const known = [...ids].join(', ');
  return `\`${name}\` names the server \`${server}\`, which is not configured; there are: ${known}`;
}

function identityNotices({ identity, authorizationServer, agents }: SettingsFile): readonly TreeFault[] {
  const { enabled, login } = authorizationServer;
  const knowsOthers = enabled && (login === 'provider' || agents.length > 0);
  if (identity.owner.enabled || identity.issuers.length > 0 || knowsOthers) return [];
  return [
    {
      path: ['identity'],
      message: 'neither an owner nor an issuer is configured, so nobody can call anything',
    },
  ];
}
