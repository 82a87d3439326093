import { isJsonObject } from '../../model/json.ts';
import { Refusal } from '../../model/refusal.ts';
import { readMessage } from './message.ts';
import type { Receiver } from './wire.ts';

/**
 * Hands over one message of a stream that all calls share. A text that is no strict JSON fails the call whose id it
 * seems to answer; anything else on the stream is nobody's, and is told to the operator.
 */
export function takeText(
  text: string | Uint8Array,
  jsonDepth: number,
  { receive, broken }: Receiver,
  log: (event: string, detail: string) => void,
): Promise<void> | undefined {
  const document = readMessage(text, jsonDepth);
  if (!(document instanceof Refusal)) return receive(document, undefined);
  log('unreadable message', document.detail);
  const id = idUnverified(text);
  if (id !== undefined) broken(id, document.detail);
  return undefined;
}

/** INVARIANT: this reading is used to end a call with a refusal and for nothing else. */
function idUnverified(text: string | Uint8Array): number | undefined {
  try {
    const value: unknown = JSON.parse(typeof text === 'string' ? text : new TextDecoder().decode(text));
    const id = isJsonObject(value) && value['method'] === undefined ? value['id'] : undefined;
    return typeof id === 'number' ? id : undefined;
  } catch {
    return undefined;
  }
}
