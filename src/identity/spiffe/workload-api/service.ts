import {
  type DescMessage,
  type DescMethod,
  fromBinary,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf';
import type { MethodDefinition } from '@grpc/grpc-js';
import { SpiffeWorkloadAPI } from './workload-api-messages.ts';

type Methods = typeof SpiffeWorkloadAPI.method;

/** A method of the Workload API as grpc-js wants it. */
export type Method<Name extends keyof Methods> = MethodDefinition<
  MessageShape<Methods[Name]['input']>,
  MessageShape<Methods[Name]['output']>
>;

/** Metadata that every call must carry, against request forgery (Workload Endpoint section 3). */
export const securityHeader = { name: 'workload.spiffe.io', value: 'true' } as const;

/** The methods that are used. grpc-js takes serializers, so that nothing has to be compiled at run time. */
export const workloadApi: {
  readonly fetchX509Svid: Method<'fetchX509SVID'>;
  readonly fetchX509Bundles: Method<'fetchX509Bundles'>;
  readonly fetchJwtBundles: Method<'fetchJWTBundles'>;
  readonly fetchJwtSvid: Method<'fetchJWTSVID'>;
} = {
  fetchX509Svid: definition(SpiffeWorkloadAPI.method.fetchX509SVID),
  fetchX509Bundles: definition(SpiffeWorkloadAPI.method.fetchX509Bundles),
  fetchJwtBundles: definition(SpiffeWorkloadAPI.method.fetchJWTBundles),
  fetchJwtSvid: definition(SpiffeWorkloadAPI.method.fetchJWTSVID),
};

function definition<In extends DescMessage, Out extends DescMessage>(
  method: DescMethod & { readonly input: In; readonly output: Out },
): MethodDefinition<MessageShape<In>, MessageShape<Out>> {
  const { name, parent, methodKind, input, output } = method;
  return {
    path: `/${parent.typeName}/${name}`,
    requestStream: false,
    responseStream: methodKind === 'server_streaming',
    requestSerialize: (message) => Buffer.from(toBinary(input, message)),
    requestDeserialize: (bytes) => fromBinary(input, bytes),
    responseSerialize: (message) => Buffer.from(toBinary(output, message)),
    responseDeserialize: (bytes) => fromBinary(output, bytes),
  };
}
