import { create } from '@bufbuild/protobuf';
import { Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import type { EndpointAddress } from '../endpoint-address.ts';
import { securityHeader, workloadApi } from './service.ts';
import {
  JWTBundlesRequestSchema,
  type JWTBundlesResponse,
  JWTSVIDRequestSchema,
  type JWTSVIDResponse,
  X509BundlesRequestSchema,
  type X509BundlesResponse,
  X509SVIDRequestSchema,
  type X509SVIDResponse,
} from './workload-api-messages.ts';

/** Calls of the Workload API. */
export interface WorkloadApiClient {
  readonly x509Svids: Open<X509SVIDResponse>;
  readonly x509Bundles: Open<X509BundlesResponse>;
  readonly jwtBundles: Open<JWTBundlesResponse>;
  /** Rejects with a {@link CallFault}. */
  readonly jwtSvid: (audiences: readonly string[], id: string | undefined) => Promise<JWTSVIDResponse>;
  readonly close: () => void;
}

/** Opens a stream; `ended` is called once. The result cancels it, after which nothing is called any more. */
export type Open<Message> = (
  message: (message: Message) => void,
  ended: (fault: CallFault) => void,
) => () => void;

/** How a call ended (Workload Endpoint section 6). */
export class CallFault extends Error {
  override readonly name: string = 'CallFault';
  /** `refused`: no identity for us, for now. `final`: asking again does not help. `away`: nobody answers. */
  readonly kind: 'away' | 'refused' | 'final';

  constructor(kind: CallFault['kind'], text: string) {
    super(text);
    this.kind = kind;
  }
}

const jwtSvidTimeoutMs = 5_000;

/** Nothing of the environment may lead these calls elsewhere; how often to try is decided by the caller. */
const channel = {
  'grpc.enable_http_proxy': 0,
  'grpc.enable_retries': 0,
  'grpc.service_config_disable_resolution': 1,
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.min_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 2_000,
} as const;

/** Makes a client. It connects on the first call, and again on every call after the connection was lost. */
export function createWorkloadApiClient(address: EndpointAddress): WorkloadApiClient {
  const client = new Client(address.target, credentials.createInsecure(), channel);
  const metadata = new Metadata();
  metadata.set(securityHeader.name, securityHeader.value);

  const open =
    <In, Out extends object>(request: In, method: StreamMethod<In, Out>): Open<Out> =>
    (message, ended) => {
      const { path, requestSerialize, responseDeserialize } = method;
      const call = client.makeServerStreamRequest(
        path,
        requestSerialize,
        responseDeserialize,
        request,
        metadata,
      );
      let open = true;
      const finish = (fault: CallFault): void => {
        if (open) ended(fault);
        open = false;
      };
      call.on('data', (received: Out) => {
        if (open) message(received);
      });
      call.on('error', (error: ServiceError) => finish(faultOf(error, address)));
      call.on('end', () => finish(new CallFault('away', `${address.text} ended the stream`)));
      return () => {
        open = false;
        call.cancel();
      };
    };

  return {
    x509Svids: open(create(X509SVIDRequestSchema), workloadApi.fetchX509Svid),
    x509Bundles: open(create(X509BundlesRequestSchema), workloadApi.fetchX509Bundles),
    jwtBundles: open(create(JWTBundlesRequestSchema), workloadApi.fetchJwtBundles),
    jwtSvid: (audiences, id) =>
      new Promise((resolve, reject) => {
        const request = create(JWTSVIDRequestSchema, { audience: [...audiences], spiffeId: id ?? '' });
        const { path, requestSerialize, responseDeserialize } = workloadApi.fetchJwtSvid;
        const options = { deadline: Date.now() + jwtSvidTimeoutMs };
        client.makeUnaryRequest(
          path,
          requestSerialize,
          responseDeserialize,
          request,
          metadata,
          options,
          (error, answer) => {
            if (error !== null) reject(faultOf(error, address));
            else if (answer === undefined) reject(new CallFault('away', `${address.text} answered nothing`));
            else resolve(answer);
          },
        );
      }),
    close: () => client.close(),
  };
}

interface StreamMethod<In, Out> {
  readonly path: string;
  readonly requestSerialize: (message: In) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => Out;
}

function faultOf({ code, details: said }: ServiceError, { text }: EndpointAddress): CallFault {
  // What the system said is within what grpc-js says around it.
  const details = /Last error: (?:Error: )?(.*?)\. Resolution note/.exec(said)?.[1] ?? said;
  if (code === status.PERMISSION_DENIED) {
    return new CallFault(
      'refused',
      `the SPIFFE agent at ${text} has no identity for this process (${details})`,
    );
  }
  if (code === status.INVALID_ARGUMENT || code === status.UNIMPLEMENTED) {
    return new CallFault('final', `the SPIFFE agent at ${text} does not take the call (${details})`);
  }
  return new CallFault('away', `the SPIFFE agent at ${text} does not answer (${details})`);
}
