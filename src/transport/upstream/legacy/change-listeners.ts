import type { JsonDocument, JsonObject } from '../../../model/json.ts';
import { objectMember, stringMember } from '../../../model/json.ts';
import type { ListenFilter, ListenOrder } from '../../../pipeline/ports.ts';

const mostWaiting = 256;

/** The change streams that one session feeds. */
export interface ChangeListeners {
  /** Feeds a stream until its signal is aborted or it falls too far behind. */
  readonly serve: (order: ListenOrder, signal: AbortSignal) => Promise<void>;
  readonly deliver: (method: string, message: JsonDocument) => void;
  readonly count: () => number;
  readonly end: () => void;
}

interface Stream {
  readonly wants: (method: string, params: JsonObject | undefined) => boolean;
  readonly take: (message: JsonDocument) => void;
  readonly end: () => void;
}

/** Gives every stream what its filter asks for. A slow stream does not hold up the others, and is ended in the end. */
export function changeListeners(): ChangeListeners {
  const streams = new Set<Stream>();
  return {
    serve: async (order, signal) => {
      const stream = streamOf(order);
      streams.add(stream.stream);
      signal.addEventListener('abort', stream.stream.end, { once: true });
      if (signal.aborted) stream.stream.end();
      await stream.ended;
      signal.removeEventListener('abort', stream.stream.end);
      streams.delete(stream.stream);
    },
    deliver: (method, message) => {
      const params = objectMember(message.value, 'params');
      for (const stream of streams) if (stream.wants(method, params)) stream.take(message);
    },
    count: () => streams.size,
    end: () => {
      for (const stream of streams) stream.end();
    },
  };
}

function streamOf({ filter, notify }: ListenOrder): {
  readonly stream: Stream;
  readonly ended: Promise<void>;
} {
  const ended = Promise.withResolvers<void>();
  let waiting = 0;
  let last: Promise<void> = Promise.resolve();
  const take = (message: JsonDocument): void => {
    if (++waiting > mostWaiting) {
      ended.resolve();
      return;
    }
    last = last
      .then(() => notify(message))
      .then(() => void waiting--)
      .catch(() => ended.resolve());
  };
  return {
    stream: { wants: (method, params) => wants(filter, method, params), take, end: () => ended.resolve() },
    ended: ended.promise,
  };
}

function wants(filter: ListenFilter, method: string, params: JsonObject | undefined): boolean {
  switch (method) {
    case 'notifications/tools/list_changed':
      return filter.toolsListChanged;
    case 'notifications/prompts/list_changed':
      return filter.promptsListChanged;
    case 'notifications/resources/list_changed':
      return filter.resourcesListChanged;
    case 'notifications/resources/updated':
      return filter.resourceSubscriptions.includes(stringMember(params, 'uri') ?? '');
    default:
      return false;
  }
}
