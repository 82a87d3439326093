import type { TreeFault } from './explain-issue.ts';
import { list } from './explain-issue.ts';
import type { UpstreamAuthEntry, UpstreamAuthSettings } from './settings-identity.ts';

type Member = Exclude<keyof UpstreamAuthEntry, 'kind'>;

interface Rule {
  readonly needs: readonly Member[];
  readonly takes: readonly Member[];
}

/** Which members each kind of credential needs, and which it takes beside them. */
const rules: Readonly<Record<UpstreamAuthSettings['kind'], Rule>> = {
  oauth: { needs: [], takes: ['clientId', 'clientSecret', 'issuer', 'scopes', 'dpop'] },
  exchange: {
    needs: ['tokenEndpoint', 'clientId'],
    takes: ['clientSecret', 'audience', 'scopes', 'subjectToken'],
  },
  'identity-assertion': { needs: ['clientId'], takes: ['clientSecret', 'scopes'] },
  'workload-jwt': { needs: [], takes: ['audience', 'spiffeId'] },
  'workload-mtls': { needs: ['spiffeId'], takes: ['audience'] },
  'client-credentials': { needs: ['clientId'], takes: ['clientSecret', 'privateKey', 'scopes'] },
};

/** What an entry lacks, or has too much. */
export function upstreamAuthFaults(server: string, entry: UpstreamAuthEntry): readonly TreeFault[] {
  const { kind, ...members } = entry;
  const { needs, takes } = rules[kind];
  const path = ['servers', server, 'auth'];
  const missing = needs.filter((name) => members[name] === undefined);
  const stray = Object.keys(members).filter((name) => ![...needs, ...takes].includes(name as Member));
  return [
    ...(missing.length > 0 ? [{ path, message: `\`auth\` of kind \`${kind}\` needs ${list(missing)}` }] : []),
    ...stray.map((name) => ({
      path: [...path, name],
      named: true,
      message: `\`${name}\` does not go with \`kind: ${kind}\`; remove it`,
    })),
  ];
}

/** The entry as the union of its kinds. Call it only for an entry without faults. */
export function readUpstreamAuth(entry: UpstreamAuthEntry): UpstreamAuthSettings {
  return (entry.kind === 'oauth' ? { ...entry, dpop: entry.dpop ?? false } : entry) as UpstreamAuthSettings;
}
