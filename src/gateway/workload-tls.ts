import { Refusal, refuse } from '../model/refusal.ts';
import { matchesSpiffePattern, parseSpiffePattern } from '../model/spiffe-id.ts';
import type { UpstreamTls } from '../transport/upstream/settings.ts';
import type { Lasting } from './generation.ts';

/** Connections by the X.509-SVID of the gateway, to the server of one SPIFFE ID. Throws, with the mend, where there is none. */
export function workloadTls({ identity: { workload } }: Lasting, expected = ''): () => UpstreamTls {
  if (workload === undefined) {
    throw new Error('`auth` of kind `workload-mtls` needs `spiffe`: where the Workload API is');
  }
  const pattern = parseSpiffePattern(expected);
  if (pattern === undefined) throw new Error(`\`spiffeId\` \`${expected}\` is no SPIFFE ID`);
  const judge = (chain: readonly Uint8Array[]): Refusal | undefined => {
    const id = workload.verifyPeer(chain);
    if (id instanceof Refusal) return id;
    if (matchesSpiffePattern(pattern, id)) return undefined;
    return refuse('upstream_failed', `the server is \`${id}\`, not \`${expected}\``);
  };
  let made: UpstreamTls | undefined;
  // A changed bundle or SVID must reach new connections, so the object is another one then.
  workload.onChange(() => {
    made = undefined;
  });
  return () => {
    made ??= { ...workload.tls.material(), judge };
    return made;
  };
}
