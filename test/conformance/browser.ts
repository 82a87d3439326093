/** A browser as far as connecting an account needs one: cookies, forms, redirects, and a page that leads on. */

/** A browser that keeps its cookies. */
export interface Browser {
  /**
   * Opens a page where an account is connected, sends its form and follows where it leads, through the authorization
   * server and back. Answers the last page.
   */
  readonly connect: (url: string) => Promise<Page>;
}

/** What came last. */
export interface Page {
  readonly url: string;
  readonly status: number;
  readonly text: string;
}

const mostSteps = 10;

/** Makes a browser; `cookies` are those it already has for every site it goes to. */
export function createBrowser(cookies: Readonly<Record<string, string>>): Browser {
  const jar = new Map(Object.entries(cookies));
  const visit = async (
    url: string,
    init: RequestInit = {},
  ): Promise<Page & { readonly next: string | undefined }> => {
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(url, { ...init, redirect: 'manual', headers: { ...init.headers, cookie } });
    for (const set of response.headers.getSetCookie()) {
      const [name = '', value = ''] = set.split(';', 1)[0]?.split('=') ?? [];
      jar.set(name, value);
    }
    const onward = response.headers.get('location') ?? response.headers.get('refresh')?.split('url=')[1];
    const next = onward === undefined ? undefined : new URL(onward, url).href;
    return { url, status: response.status, text: await response.text(), next };
  };
  return {
    connect: async (url) => {
      const asked = await visit(url);
      const token = /name="form_token" value="([\w-]+)"/.exec(asked.text)?.[1];
      if (token === undefined) return asked;
      const { origin } = new URL(url);
      let page = await visit(url, {
        method: 'POST',
        headers: { origin },
        body: new URLSearchParams({ form_token: token }),
      });
      for (let step = 0; page.next !== undefined && step < mostSteps; step++) page = await visit(page.next);
      return page;
    },
  };
}
