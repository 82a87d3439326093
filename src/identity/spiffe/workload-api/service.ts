import { type DescMessage, fromBinary, type MessageShape, toBinary } from '@bufbuild/protobuf';
import type { MethodDefinition } from '@grpc/grpc-js';
import {
  JWTBundlesRequestSchema,
  JWTBundlesResponseSchema,
  JWTSVIDRequestSchema,
  JWTSVIDResponseSchema,
  X509BundlesRequestSchema,
  X509BundlesResponseSchema,
  X509SVIDRequestSchema,
  X509SVIDResponseSchema,
} from './workload-api-messages.ts';

/** A method of the Workload API as grpc-js wants it. */
export type Method<In extends DescMessage, Out extends DescMessage> = MethodDefinition<
  MessageShape<In>,
  MessageShape<Out>
>;

/** Metadata that every call must carry, against request forgery (Workload Endpoint section 3). */
export const securityHeader = { name: 'workload.spiffe.io', value: 'true' } as const;

/** The methods that are used. grpc-js takes serializers, so that nothing has to be compiled at run time. */
export const workloadApi: {
  readonly fetchX509Svid: Method<typeof X509SVIDRequestSchema, typeof X509SVIDResponseSchema>;
  readonly fetchX509Bundles: Method<typeof X509BundlesRequestSchema, typeof X509BundlesResponseSchema>;
  readonly fetchJwtBundles: Method<typeof JWTBundlesRequestSchema, typeof JWTBundlesResponseSchema>;
  readonly fetchJwtSvid: Method<typeof JWTSVIDRequestSchema, typeof JWTSVIDResponseSchema>;
} = {
  fetchX509Svid: method('FetchX509SVID', X509SVIDRequestSchema, X509SVIDResponseSchema, true),
  fetchX509Bundles: method('FetchX509Bundles', X509BundlesRequestSchema, X509BundlesResponseSchema, true),
  fetchJwtBundles: method('FetchJWTBundles', JWTBundlesRequestSchema, JWTBundlesResponseSchema, true),
  fetchJwtSvid: method('FetchJWTSVID', JWTSVIDRequestSchema, JWTSVIDResponseSchema, false),
};

function method<In extends DescMessage, Out extends DescMessage>(
  name: string,
  input: In,
  output: Out,
  streams: boolean,
): Method<In, Out> {
  return {
    path: `/SpiffeWorkloadAPI/${name}`,
    requestStream: false,
    responseStream: streams,
    requestSerialize: (message) => Buffer.from(toBinary(input, message)),
    requestDeserialize: (bytes) => fromBinary(input, bytes),
    responseSerialize: (message) => Buffer.from(toBinary(output, message)),
    responseDeserialize: (bytes) => fromBinary(output, bytes),
  };
}
