import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Settings } from '../control/settings.ts';
import type { FederationSettings } from '../control/settings-identity.ts';
import { loadKey } from '../flow/load-key.ts';
import { createRevocations, type Revocations } from '../identity/revocation/revocations.ts';
import type { FederationEndpoint, Workload, WorkloadOptions } from '../identity/spiffe/contract.ts';
import { createWorkload } from '../identity/spiffe/workload.ts';
import { type LeasedLedger, leased } from '../identity/task/lease.ts';
import type { KeyEncryptionKey } from '../identity/vault/kek.ts';
import { localKek } from '../identity/vault/local-kek.ts';
import { openPkcs11Kek } from '../identity/vault/pkcs11-kek.ts';
import { createVault, type Vault } from '../identity/vault/vault.ts';
import { faultMessage } from '../model/fault-message.ts';
import { isJsonObject } from '../model/json.ts';
import type { Report } from '../model/report.ts';
import type { Clock, TlsIdentity } from '../pipeline/ports.ts';
import { fileTls } from './file-tls.ts';
import { openStores, type Stores } from './open-stores.ts';
import { keyDirectory } from './owner-token.ts';
import { sharedSecret } from './shared-secret.ts';

/** What of identity outlives a change of the configuration: shared state, keys, revocations, the workload. */
export interface LastingIdentity {
  readonly stores: Stores;
  readonly ledger: LeasedLedger;
  readonly revocations: Revocations;
  readonly kek: KeyEncryptionKey;
  readonly vault: Vault;
  readonly workload: Workload | undefined;
  /** Seals the nonces of DPoP proofs; the same for all replicas. */
  readonly nonceKey: Uint8Array;
  /** Seals handles that travel through clients; the same for all replicas. */
  readonly sealKey: Uint8Array;
  /** The certificate of the listener, if it speaks TLS. */
  readonly tls: TlsIdentity | undefined;
}

/** Ends what was opened, the last first. */
export type Closers = (() => Promise<void> | void)[];

/** Opens all of it. Rejects, with the mend, when a store, a key or a certificate cannot be used. */
export async function openLastingIdentity(
  settings: Settings,
  clock: Clock,
  report: Report,
  closers: Closers,
): Promise<LastingIdentity> {
  const stores = await openStores(settings, clock);
  closers.push(stores.close);
  const revocations = await createRevocations({ epochs: stores.hot.epochs, clock, report });
  closers.push(revocations.close);
  const ledger = leased(stores.hot.ledger, clock);
  closers.push(ledger.close);
  const kek = await openKek(settings, closers);
  const vault = createVault({ documents: stores.documents, kek });
  const workload = workloadOf(settings, clock, report);
  if (workload !== undefined) closers.push(workload.close);
  return {
    stores,
    ledger,
    revocations,
    kek,
    vault,
    workload,
    nonceKey: await sharedSecret(vault, 'dpop-nonce'),
    sealKey: await sharedSecret(vault, 'seal'),
    tls: await tlsOf(settings, workload, report, closers),
  };
}

async function openKek(settings: Settings, closers: Closers): Promise<KeyEncryptionKey> {
  const { kek, file, pkcs11 } = settings.vault;
  if (kek === 'pkcs11' && pkcs11 !== undefined) {
    const opened = await openPkcs11Kek(pkcs11);
    closers.push(opened.close);
    return opened;
  }
  return localKek(await loadKey(file ?? join(await keyDirectory(settings), 'vault.key')));
}

function workloadOf({ spiffe, listen }: Settings, clock: Clock, report: Report): Workload | undefined {
  if (spiffe === undefined && listen.tls?.spiffe !== true) return undefined;
  const { socket, federates = {} } = spiffe ?? {};
  const endpoints = Object.entries(federates).map(([domain, entry]) => [domain, endpointOf(domain, entry)]);
  return createWorkload({
    ...(socket !== undefined && { socket }),
    federates: Object.fromEntries(endpoints) as WorkloadOptions['federates'],
    clock,
    report,
  });
}

/** The first bundle of a foreign trust domain stands in a file that the operator got from there. */
function endpointOf(domain: string, { bundle, ...rest }: FederationSettings): FederationEndpoint {
  if (bundle === undefined) return rest;
  try {
    const read: unknown = JSON.parse(readFileSync(bundle, 'utf8'));
    if (isJsonObject(read)) return { ...rest, bundle: read };
    throw new Error('it is no JWK set');
  } catch (cause) {
    const place = `spiffe.federates.${domain}.bundle`;
    throw new Error(`\`${place}\`: \`${bundle}\` cannot be used: ${faultMessage(cause)}`, { cause });
  }
}

/** How long the start waits for the first SVID: agents attest within seconds, or something is wrong. */
const firstSvidMs = 30_000;

async function tlsOf(
  { listen: { tls } }: Settings,
  workload: Workload | undefined,
  report: Report,
  closers: Closers,
): Promise<TlsIdentity | undefined> {
  if (tls === undefined) return undefined;
  if (tls.certificate !== undefined && tls.key !== undefined) {
    const files = fileTls(tls.certificate, tls.key, report);
    closers.push(files.close);
    return files.identity;
  }
  if (workload === undefined)
    throw new Error('`listen.tls` has neither files nor SPIFFE to take a certificate from');
  await firstSvid(workload);
  return workload.tls;
}

async function firstSvid(workload: Workload): Promise<void> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    const { address, fault = 'it gave no X.509-SVID' } = workload.status();
    late.reject(new Error(`\`listen.tls\` waits for the SPIFFE Workload API at \`${address}\`: ${fault}`));
  }, firstSvidMs);
  try {
    await Promise.race([workload.ready(), late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
