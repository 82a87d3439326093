/** A scripted browser: cookies with their paths, redirects, refreshes and forms; no script runs. */
export class ScriptedBrowser {
  readonly #cookies = new Map<
    string,
    { readonly value: string; readonly path: string; readonly host: string }
  >();

  /** Opens an address and follows where it leads, until a page comes or the way leaves `stopAt`. */
  async open(address: string, init: RequestInit = {}): Promise<Page> {
    let url = new URL(address);
    let request: RequestInit = init;
    for (let hop = 0; hop < 20; hop += 1) {
      const response = await this.request(url.href, request);
      const next = onward(response);
      if (next === undefined) return pageOf(url, response, await response.text());
      await response.body?.cancel();
      url = new URL(next, url);
      request = {};
      if (url.host === 'client.test' || url.host === 'app.example' || url.protocol === 'app:')
        return pageOf(url, response, '');
    }
    throw new Error(`too many redirects at ${url.href}`);
  }

  /** One request with the cookies of this browser. */
  async request(address: string, init: RequestInit = {}): Promise<Response> {
    const url = new URL(address);
    const headers = new Headers(init.headers);
    const cookie = this.cookiesFor(url);
    if (cookie !== '') headers.set('cookie', cookie);
    const response = await fetch(url, { redirect: 'manual', ...init, headers });
    for (const line of response.headers.getSetCookie()) this.#keep(url, line);
    return response;
  }

  /** Sends a form of a page, as a browser does: with its hidden members and its origin. */
  submit(page: Page, step: string, members: Readonly<Record<string, string>> = {}): Promise<Page> {
    const form = page.forms.find(({ action }) => action.endsWith(`/${step}`));
    if (form === undefined) throw new Error(`no form \`${step}\` on the page:\n${page.text}`);
    return this.open(new URL(form.action, page.url).href, {
      method: 'POST',
      headers: { origin: page.url.origin, 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ ...form.members, ...members }).toString(),
    });
  }

  /** The `Cookie` header for an address. */
  cookiesFor(url: URL): string {
    return [...this.#cookies]
      .filter(([, { host, path }]) => host === url.hostname && below(url.pathname, path))
      .map(([key, { value }]) => `${key.split(' ')[2]}=${value}`)
      .join('; ');
  }

  #keep(url: URL, line: string): void {
    const [pair = '', ...attributes] = line.split(/; */);
    const at = pair.indexOf('=');
    const name = pair.slice(0, at);
    const path = attributes.find((text) => /^path=/i.test(text))?.slice(5) ?? '/';
    const key = `${url.hostname} ${path} ${name}`;
    if (attributes.some((text) => /^(?:expires=Thu, 01 Jan 1970|max-age=0$)/i.test(text)))
      this.#cookies.delete(key);
    else this.#cookies.set(key, { value: pair.slice(at + 1), path, host: url.hostname });
  }
}

/** What a browser shows. */
export interface Page {
  readonly url: URL;
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly forms: readonly Form[];
}

interface Form {
  readonly action: string;
  readonly members: Readonly<Record<string, string>>;
}

function pageOf(url: URL, { status, headers }: Response, text: string): Page {
  const forms = [...text.matchAll(/<form\b([^>]*)>([\s\S]*?)<\/form>/g)].map(([, head = '', inner = '']) => ({
    action: /(?:action|data-verify)="([^"]*)"/.exec(head)?.[1] ?? '',
    members: Object.fromEntries(
      [...inner.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)">/g)].map(
        ([, name = '', value = '']) => [name, value],
      ),
    ),
  }));
  return { url, status, headers, text, forms };
}

function onward({ headers }: Response): string | undefined {
  return headers.get('location') ?? /^0; url=(.*)$/.exec(headers.get('refresh') ?? '')?.[1];
}

function below(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith('/') ? folder : `${folder}/`);
}
