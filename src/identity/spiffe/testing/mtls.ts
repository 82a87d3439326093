import { X509Certificate } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { connect, createServer, type Server, type TLSSocket } from 'node:tls';
import { parseSpiffePattern } from '../../../model/spiffe-id.ts';
import type { Clock } from '../../../pipeline/ports.ts';
import type { Workload } from '../contract.ts';
import { peerChain } from '../peer-chain.ts';
import { tlsClientOptions } from '../tls-client-options.ts';
import type { Issued } from './certificate-authority.ts';

/** A certificate and its key as Node.js wants them. */
export interface Material {
  readonly cert: string;
  readonly key: string;
}

/** PEM of what an authority issued. */
export function materialOf({ chain, privateKey }: Pick<Issued, 'chain' | 'privateKey'>): Material {
  const cert = chain.map((der) => new X509Certificate(der).toString()).join('');
  return { cert, key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() };
}

/** A TLS server that shows our SVID, and answers every client with its SPIFFE ID, or not at all. */
export interface SvidServer {
  readonly port: number;
  readonly close: () => void;
}

/** Starts one. A rotation counts for new connections; open ones live on. */
export async function startSvidServer(workload: Workload): Promise<SvidServer> {
  const server = createServer({ ...material(workload), requestCert: true, rejectUnauthorized: false });
  const sockets = new Set<TLSSocket>();
  const stop = workload.tls.onChange(() => server.setSecureContext(material(workload)));
  server.on('tlsClientError', () => undefined);
  server.on('secureConnection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    const id = workload.verifyPeer(peerChain(socket.getPeerCertificate(true)));
    if (typeof id === 'string') socket.write(`${id}\n`);
    else socket.destroy();
    socket.on('data', (bytes: Buffer) => socket.write(bytes));
  });
  const port = await listen(server);
  return {
    port,
    close: () => {
      stop();
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

/** Without an SVID the server shows nothing, so that no handshake succeeds. */
function material(workload: Workload): Partial<Material> {
  try {
    const { certificate, key } = workload.tls.material();
    return { cert: certificate, key };
  } catch {
    return {};
  }
}

/** What a client sees. */
export interface Probe {
  /** Whom the server took us for; undefined: it refused us. */
  readonly takenFor: string | undefined;
  /** DER of what the server showed. */
  readonly shown: readonly Uint8Array[];
}

/** Connects with a certificate and waits for the answer. */
export function probe(
  port: number,
  client: Pick<Issued, 'chain' | 'privateKey'> | undefined,
): Promise<Probe> {
  return new Promise((resolve) => {
    let shown: readonly Uint8Array[] = [];
    const own = client === undefined ? {} : materialOf(client);
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...own });
    const end = (takenFor: string | undefined): void => {
      socket.destroy();
      resolve({ takenFor, shown });
    };
    socket.on('secureConnect', () => {
      shown = peerChain(socket.getPeerCertificate(true));
    });
    socket.on('data', (line: Buffer) => end(line.toString().trim()));
    socket.on('error', () => end(undefined));
    socket.on('close', () => end(undefined));
  });
}

/** The SPIFFE ID in what a server showed; undefined when it showed nothing. */
export function shownId({ shown: [leaf] }: Probe): string | undefined {
  if (leaf === undefined) return undefined;
  return /URI:([^,]+)/.exec(new X509Certificate(leaf).subjectAltName ?? '')?.[1];
}

/** Lets the workload call a TLS server that shows a certificate; what it makes of it. */
export async function dial(
  workload: Workload,
  clock: Clock,
  shows: Pick<Issued, 'chain' | 'privateKey'>,
  expected: string,
): Promise<'accepted' | Error> {
  const server = createServer({ ...materialOf(shows), requestCert: true, rejectUnauthorized: false });
  server.on('secureConnection', (socket) => socket.on('error', () => undefined).end());
  server.on('tlsClientError', () => undefined);
  const port = await listen(server);
  const pattern = parseSpiffePattern(expected);
  try {
    if (pattern === undefined) throw new Error(`\`${expected}\` is no pattern`);
    return await connectOnce(port, workload, clock, pattern);
  } catch (cause) {
    return cause as Error;
  } finally {
    server.close();
  }
}

function connectOnce(
  port: number,
  workload: Workload,
  clock: Clock,
  pattern: NonNullable<ReturnType<typeof parseSpiffePattern>>,
): Promise<'accepted'> {
  const { ca, ...options } = tlsClientOptions(workload, clock, pattern);
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', ...options, ca: [...ca] });
    socket.on('error', reject);
    socket.on('secureConnect', () => {
      socket.destroy();
      resolve('accepted');
    });
  });
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}
