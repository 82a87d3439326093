import type { TreeFault } from './explain-issue.ts';
import type { SettingsFile } from './settings-file.ts';
import type { AgentSettings } from './settings-identity.ts';

/** What does not fit together among the settings of identity, tasks, workloads and stores. */
export function identityFaults(file: SettingsFile): readonly TreeFault[] {
  return [
    ...tlsFaults(file),
    ...loginFaults(file),
    ...introspectionFaults(file),
    ...file.agents.flatMap((agent, index) => agentFaults(file, agent, index)),
    ...taskFaults(file),
    ...federationFaults(file),
    ...vaultFaults(file),
  ];
}

function tlsFaults({ listen: { tls } }: SettingsFile): readonly TreeFault[] {
  if (tls === undefined) return [];
  const files = [tls.certificate, tls.key].filter((name) => name !== undefined).length;
  const message = tls.spiffe
    ? 'takes its certificate from SPIFFE; remove `certificate` and `key`, or `spiffe`'
    : 'needs both `certificate` and `key`, or `spiffe: true`';
  return files === (tls.spiffe ? 0 : 2) ? [] : [fault(['listen', 'tls'], `\`tls\` ${message}`)];
}

function loginFaults({ authorizationServer: { login, provider } }: SettingsFile): readonly TreeFault[] {
  if (login === 'owner' || provider !== undefined) return [];
  return [
    fault(
      ['authorizationServer', 'login'],
      '`login: provider` needs `authorizationServer.provider` with its `issuer` and `clientId`',
    ),
  ];
}

function introspectionFaults({ identity: { issuers } }: SettingsFile): readonly TreeFault[] {
  const asked = issuers.flatMap(({ introspection }, index) => (introspection === undefined ? [] : [index]));
  return asked
    .slice(1)
    .map((index) =>
      fault(
        ['identity', 'issuers', index, 'introspection'],
        'only one issuer can have `introspection`: an opaque token does not say whose it is, and must not be shown to others',
      ),
    );
}

function agentFaults({ tasks }: SettingsFile, agent: AgentSettings, index: number): readonly TreeFault[] {
  const { id, authentication, jwks, jwksUri, templates } = agent;
  const known = Object.keys(tasks.templates);
  const at = ['agents', index];
  const faults = templates
    .filter((name) => !known.includes(name))
    .map((name) =>
      fault(
        [...at, 'templates', templates.indexOf(name)],
        `there is no template \`${name}\`; there are: ${known.join(', ') || 'none'}`,
      ),
    );
  if (authentication.includes('private_key_jwt') && jwks === undefined && jwksUri === undefined)
    faults.push(fault(at, `the agent \`${id}\` needs \`jwks\` or \`jwksUri\` for \`private_key_jwt\``));
  const isWorkload = id.startsWith('spiffe://');
  const bySvid = authentication.some((method) => method.endsWith('-svid'));
  if (bySvid && !isWorkload)
    faults.push(fault([...at, 'id'], `\`${id}\` is no SPIFFE ID, so it cannot have an SVID`));
  if (isWorkload && authentication.includes('none'))
    faults.push(fault([...at, 'authentication'], 'a workload must prove its SPIFFE ID; remove `none`'));
  return faults;
}

function taskFaults({ tasks }: SettingsFile): readonly TreeFault[] {
  const { implicit, templates, defaultSeconds, maxSeconds } = tasks;
  const faults: TreeFault[] = [];
  if (implicit !== undefined && !Object.hasOwn(templates, implicit))
    faults.push(
      fault(['tasks', 'implicit'], `there is no template \`${implicit}\` under \`tasks.templates\``),
    );
  if (defaultSeconds > maxSeconds)
    faults.push(
      fault(
        ['tasks', 'defaultSeconds'],
        `\`tasks.defaultSeconds\` is more than \`tasks.maxSeconds\` (${maxSeconds}); make it less`,
      ),
    );
  return faults;
}

function federationFaults({ spiffe }: SettingsFile): readonly TreeFault[] {
  return Object.entries(spiffe?.federates ?? {})
    .filter(
      ([, { profile, endpointSpiffeId }]) => profile === 'https_spiffe' && endpointSpiffeId === undefined,
    )
    .map(([domain]) =>
      fault(
        ['spiffe', 'federates', domain],
        '`https_spiffe` needs `endpointSpiffeId`: who serves the bundle',
      ),
    );
}

function vaultFaults({ vault: { kek, pkcs11, file } }: SettingsFile): readonly TreeFault[] {
  if (kek === 'pkcs11' && pkcs11 === undefined)
    return [
      fault(['vault', 'kek'], '`kek: pkcs11` needs `vault.pkcs11` with module, token, pin and key label'),
    ];
  if (kek === 'pkcs11' && file !== undefined)
    return [fault(['vault', 'file'], '`file` goes with `kek: file`; remove one of them')];
  return [];
}

function fault(path: TreeFault['path'], message: string): TreeFault {
  return { path, message };
}
