/** A browser as far as a login needs one: cookies and redirects. */
export interface Browser {
  /** Follows redirects from a URL until one leads to another host, and answers that one. */
  readonly follow: (url: string) => Promise<URL>;
  /** One request, no redirects. */
  readonly get: (url: string) => Promise<Response>;
}

/** `reach`: rewrites where a request goes, for a second replica behind one name. */
export function browser(reach: (url: string) => string = (url) => url): Browser {
  const cookies = new Map<string, string>();
  const get = async (url: string): Promise<Response> => {
    const response = await fetch(reach(url), {
      redirect: 'manual',
      headers: { accept: 'text/html', cookie: [...cookies].map((pair) => pair.join('=')).join('; ') },
    });
    for (const cookie of response.headers.getSetCookie()) {
      const [pair = ''] = cookie.split(';');
      const [name = '', value = ''] = pair.split(/=(.*)/s);
      if (value === '') cookies.delete(name);
      else cookies.set(name, value);
    }
    return response;
  };
  return {
    get,
    follow: async (start) => {
      let url = new URL(start);
      const { host } = url;
      for (let steps = 0; url.host === host; steps += 1) {
        const response = await get(url.href);
        const location = response.headers.get('location');
        if (location === null || steps > 10)
          throw new Error(`no redirect but ${response.status}: ${await response.text()}`);
        url = new URL(location, url);
      }
      return url;
    },
  };
}
