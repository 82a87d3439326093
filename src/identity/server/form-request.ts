import { IncomingMessage } from 'node:http';

/** The most that a form of an OAuth request may have. */
const mostBytes = 48 * 1024;

/** Whether a request brings a form. */
export function isForm(request: IncomingMessage): boolean {
  const type = (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase();
  return request.method === 'POST' && type === 'application/x-www-form-urlencoded';
}

/** Reads a form; undefined when it is too large. */
export async function readForm(request: IncomingMessage): Promise<URLSearchParams | undefined> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength;
    if (size > mostBytes) return undefined;
    chunks.push(chunk);
  }
  return new URLSearchParams(Buffer.concat(chunks).toString('utf8'));
}

/** The same request with another form, for whoever reads it next. */
export function withForm(request: IncomingMessage, form: URLSearchParams): IncomingMessage {
  const body = Buffer.from(form.toString());
  const copy = new IncomingMessage(request.socket);
  copy.httpVersion = request.httpVersion;
  copy.httpVersionMajor = request.httpVersionMajor;
  copy.httpVersionMinor = request.httpVersionMinor;
  if (request.method !== undefined) copy.method = request.method;
  if (request.url !== undefined) copy.url = request.url;
  copy.headers = { ...request.headers, 'content-length': String(body.byteLength) };
  delete copy.headers['transfer-encoding'];
  // Else its end would count as a broken connection and close the socket of the real one.
  copy.complete = true;
  copy.push(body);
  copy.push(null);
  return copy;
}
