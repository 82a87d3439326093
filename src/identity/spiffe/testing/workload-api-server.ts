import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { Server, ServerCredentials, type ServerUnaryCall, status } from '@grpc/grpc-js';
import type { JsonObject } from '../../../model/json.ts';
import { workloadApi } from '../workload-api/service.ts';
import {
  JWTBundlesResponseSchema,
  type JWTSVIDRequest,
  type JWTSVIDResponse,
  JWTSVIDResponseSchema,
  X509BundlesResponseSchema,
  X509SVIDResponseSchema,
} from '../workload-api/workload-api-messages.ts';
import type { Issued } from './certificate-authority.ts';
import { createDoor, createTopics, type MethodName, type RecordedCall } from './workload-api-topics.ts';

/** A Workload API whose answers a test decides. Every change goes to all open streams at once. */
export interface WorkloadApiServer {
  /** For `socket` of a workload. */
  readonly address: string;
  readonly calls: readonly RecordedCall[];
  readonly setX509: (message: MessageInitShape<typeof X509SVIDResponseSchema>) => void;
  readonly setX509Bundles: (bundles: Readonly<Record<string, Uint8Array>>) => void;
  readonly setJwtBundles: (bundles: Readonly<Record<string, JsonObject>>) => void;
  readonly setJwtSvid: (answer: JwtSvidAnswer) => void;
  /** Answers the next calls of a method with a status; `times` counts down. */
  readonly fail: (method: MethodName, code: status, times?: number) => void;
  /** Ends the open streams of a method. */
  readonly end: (method: MethodName, code: status) => void;
  /** Goes away and cuts every connection. */
  readonly stop: () => Promise<void>;
}

/** What FetchJWTSVID answers. */
export type JwtSvidAnswer = (request: JWTSVIDRequest) => MessageInitShape<typeof JWTSVIDResponseSchema>;

/** One SVID of a message of FetchX509SVID. */
export function x509SvidMessage(
  spiffeId: string,
  { chain, privateKey }: Pick<Issued, 'chain' | 'privateKey'>,
  bundle: readonly Uint8Array[],
): NonNullable<MessageInitShape<typeof X509SVIDResponseSchema>['svids']>[number] {
  return {
    spiffeId,
    x509Svid: Buffer.concat(chain),
    x509SvidKey: privateKey.export({ type: 'pkcs8', format: 'der' }),
    bundle: Buffer.concat(bundle),
  };
}

/** A fresh path for a socket. */
export function socketPath(): string {
  return join(mkdtempSync(join(tmpdir(), 'spiffe-')), 'agent.sock');
}

/** Starts one, at a `unix:` or `tcp:` address; port 0 of the latter is replaced by a free one. */
export async function startWorkloadApiServer(
  at: string = `unix://${socketPath()}`,
): Promise<WorkloadApiServer> {
  const { calls, admit, fail } = createDoor();
  const topics = createTopics(admit);
  let jwtSvid: JwtSvidAnswer | undefined;
  const unary = (
    call: ServerUnaryCall<JWTSVIDRequest, JWTSVIDResponse>,
    answer: (error: { code: status; details: string } | null, value?: JWTSVIDResponse) => void,
  ): void => {
    const code = admit('FetchJWTSVID', call.metadata, call.request);
    if (code !== undefined) answer({ code, details: 'said the test' });
    else if (jwtSvid === undefined) answer({ code: status.PERMISSION_DENIED, details: 'no JWT-SVID' });
    else answer(null, create(JWTSVIDResponseSchema, jwtSvid(call.request)));
  };
  const server = new Server();
  server.addService(workloadApi, {
    fetchX509Svid: topics.serve('FetchX509SVID'),
    fetchX509Bundles: topics.serve('FetchX509Bundles'),
    fetchJwtBundles: topics.serve('FetchJWTBundles'),
    fetchJwtSvid: unary,
  });
  const address = await bind(server, at);
  return {
    address,
    calls,
    setX509: (message) => topics.publish('FetchX509SVID', X509SVIDResponseSchema, message),
    setX509Bundles: (bundles) =>
      topics.publish('FetchX509Bundles', X509BundlesResponseSchema, { bundles: { ...bundles } }),
    setJwtBundles: (bundles) => {
      const encoded = Object.entries(bundles).map(
        ([key, jwks]) => [key, Buffer.from(JSON.stringify(jwks))] as const,
      );
      topics.publish('FetchJWTBundles', JWTBundlesResponseSchema, { bundles: Object.fromEntries(encoded) });
    },
    setJwtSvid: (answer) => {
      jwtSvid = answer;
    },
    fail,
    end: topics.end,
    stop: () => {
      server.forceShutdown();
      if (address.startsWith('unix://')) rmSync(address.slice('unix://'.length), { force: true });
      return Promise.resolve();
    },
  };
}

async function bind(server: Server, at: string): Promise<string> {
  const isUnix = at.startsWith('unix:');
  const target = isUnix ? at.replace('unix://', 'unix:') : at.replace('tcp://', '');
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(target, ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });
  return isUnix ? at : at.replace(/:0$/, `:${port}`);
}
