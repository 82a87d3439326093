import { create, type DescMessage, type MessageInitShape } from '@bufbuild/protobuf';
import { type Metadata, type ServerWritableStream, status } from '@grpc/grpc-js';
import { securityHeader } from '../workload-api/service.ts';

/** A method by its name in the standard. */
export type MethodName = 'FetchX509SVID' | 'FetchX509Bundles' | 'FetchJWTBundles' | 'FetchJWTSVID';

/** A call as it arrived. */
export interface RecordedCall {
  readonly method: MethodName;
  readonly header: readonly (string | Buffer)[];
  readonly request: unknown;
  readonly at: number;
}

/** Records the calls and says which ones fail. */
export interface Door {
  readonly calls: readonly RecordedCall[];
  /** The status to answer with, if any: the security header is checked as the standard asks. */
  readonly admit: (method: MethodName, metadata: Metadata, request: unknown) => status | undefined;
  readonly fail: (method: MethodName, code: status, times?: number) => void;
}

/** Makes one. */
export function createDoor(): Door {
  const calls: RecordedCall[] = [];
  const failures = new Map<MethodName, { code: status; times: number }>();
  return {
    calls,
    admit: (method, metadata, request) => {
      const header = metadata.get(securityHeader.name);
      calls.push({ method, header, request, at: performance.now() });
      if (header.length !== 1 || header[0] !== securityHeader.value) return status.INVALID_ARGUMENT;
      const failure = failures.get(method);
      if (failure === undefined || failure.times <= 0) return undefined;
      failure.times -= 1;
      return failure.code;
    },
    fail: (method, code, times = Number.POSITIVE_INFINITY) => {
      failures.set(method, { code, times });
    },
  };
}

interface Stream {
  readonly send: (message: object) => void;
  readonly end: (code: status) => void;
}

interface Topic {
  latest: object | undefined;
  readonly open: Set<Stream>;
}

/** Streams whose newest message goes to everybody, at once and on arrival. */
export interface Topics {
  readonly serve: (method: MethodName) => (call: ServerWritableStream<unknown, object>) => void;
  readonly publish: <Schema extends DescMessage>(
    method: MethodName,
    schema: Schema,
    message: MessageInitShape<Schema>,
  ) => void;
  readonly end: (method: MethodName, code: status) => void;
}

/** Makes them. */
export function createTopics(admit: Door['admit']): Topics {
  const topics = new Map<MethodName, Topic>();
  const topicOf = (method: MethodName): Topic => {
    const topic = topics.get(method) ?? { latest: undefined, open: new Set() };
    topics.set(method, topic);
    return topic;
  };
  return {
    serve: (method) => (call) => {
      const code = admit(method, call.metadata, call.request);
      const fail = (with_: status): void =>
        void call.emit('error', { code: with_, details: 'said the test' });
      if (code !== undefined) {
        fail(code);
        return;
      }
      const topic = topicOf(method);
      const one: Stream = { send: (message) => call.write(message), end: fail };
      topic.open.add(one);
      call.on('cancelled', () => topic.open.delete(one));
      if (topic.latest !== undefined) one.send(topic.latest);
    },
    publish: (method, schema, message) => {
      const topic = topicOf(method);
      topic.latest = create(schema, message);
      for (const one of topic.open) one.send(topic.latest);
    },
    end: (method, code) => {
      const topic = topicOf(method);
      for (const one of [...topic.open]) {
        topic.open.delete(one);
        one.end(code);
      }
    },
  };
}
