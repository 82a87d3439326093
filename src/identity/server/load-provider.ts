import { registerHooks } from 'node:module';

/** The parts of oidc-provider that this room uses. */
export type ProviderLibrary = typeof import('oidc-provider');

declare module 'content-disposition' {
  // The types of koa want a name that the package's own, newer types have no more.
  interface Options {
    readonly type?: string;
    readonly fallback?: string | boolean;
  }
}

/**
 * Loads oidc-provider. Among what it depends on is `depd`, which makes functions out of strings in order to print
 * deprecation notices, and this process forbids that. The package brings another build of itself that does without (its
 * `browser` field), so that one is taken in its place while the library loads.
 */
export async function loadProvider(): Promise<ProviderLibrary> {
  const hooks = registerHooks({
    resolve: (specifier, context, next) =>
      next(specifier === 'depd' ? 'depd/lib/browser/index.js' : specifier, context),
  });
  try {
    return await import('oidc-provider');
  } finally {
    hooks.deregister();
  }
}
