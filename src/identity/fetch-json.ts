import { isJsonObject, type JsonObject } from '../model/json.ts';
import { isLoopbackHost } from '../model/loopback.ts';

/** The `fetch` of the platform, or one that a test gives. */
export type Fetch = typeof globalThis.fetch;

const timeoutMs = 5_000;
const mostBytes = 512 * 1024;

/** Says what is wrong with a URL that keys or metadata shall come from; undefined when nothing is. */
export function urlFault(text: string): string | undefined {
  if (!URL.canParse(text)) return 'is not a URL';
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') return 'holds a password';
  if (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopbackHost(url.hostname)))
    return undefined;
  return 'does not begin with https:// (http:// is for loopback alone)';
}

/** A form to post instead of getting (RFC 7662 section 2.1), with the credentials of the sender. */
export interface FormRequest {
  readonly authorization: string;
  readonly form: Readonly<Record<string, string>>;
}

/** Fetches one JSON object: bounded in time and size, without redirects. Throws an error that names the URL. */
export async function fetchJson(fetch: Fetch, url: string, request?: FormRequest): Promise<JsonObject> {
  const fault = urlFault(url);
  if (fault !== undefined) throw new Error(`\`${url}\` ${fault}`);
  const value = await fetchValue(fetch, url, request).catch((cause: unknown) => {
    throw new Error(`\`${url}\`: ${reasonOf(cause)}`, { cause });
  });
  if (!isJsonObject(value)) throw new Error(`\`${url}\` is no JSON object`);
  return value;
}

async function fetchValue(fetch: Fetch, url: string, request?: FormRequest): Promise<unknown> {
  const response = await fetch(url, {
    redirect: 'manual',
    ...(request && { method: 'POST', body: new URLSearchParams(request.form) }),
    headers: {
      accept: 'application/json',
      ...(request && { authorization: request.authorization }),
    },
    signal: AbortSignal.timeout(timeoutMs),
  });
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new Error(`answered ${response.status}, not 200`);
  }
  return JSON.parse(await boundedText(response)) as unknown;
}

async function boundedText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const body: AsyncIterable<Uint8Array> | readonly Uint8Array[] = response.body ?? [];
  for await (const chunk of body) {
    size += chunk.byteLength;
    if (size > mostBytes) throw new Error(`the answer is larger than ${mostBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  // What `fetch` throws says nothing; its cause does.
  return cause.cause instanceof Error ? cause.cause.message : cause.message;
}
