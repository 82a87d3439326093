import type Provider from 'oidc-provider';
import type { KoaContextWithOIDC } from 'oidc-provider';
import type { ProviderLibrary } from './load-provider.ts';

/** Checks DPoP proofs at the token endpoint (RFC 9449 section 5). */
export interface ProofChecks {
  /** The thumbprint of the key that a proof was made with; undefined when none was sent. Throws the error for the client. */
  readonly claim: (context: KoaContextWithOIDC, clientId: string) => Promise<string | undefined>;
}

/** The inner part of oidc-provider that its own grants check proofs with, so that ours say and demand the same. */
interface Inner {
  readonly validateDpop: (provider: Provider, context: KoaContextWithOIDC) => Promise<Proof | undefined>;
  readonly checkDpopReplay: (
    provider: Provider,
    context: KoaContextWithOIDC,
    proof: Proof,
    clientId: string,
    error: unknown,
  ) => Promise<void>;
}

interface Proof {
  readonly thumbprint: string;
}

/** Loads the checks. They are no public part of the library: its version is pinned, and a test goes through each of them. */
export async function loadProofChecks(): Promise<
  (provider: Provider, library: ProviderLibrary) => ProofChecks
> {
  // @ts-expect-error: the library has no types for its inner parts
  const inner = (await import('oidc-provider/lib/helpers/grants.js')) as Inner;
  return (provider, { errors }) => ({
    claim: async (context, clientId) => {
      const proof = await inner.validateDpop(provider, context);
      if (proof === undefined) return undefined;
      await inner.checkDpopReplay(provider, context, proof, clientId, errors.InvalidDpopProof);
      return proof.thumbprint;
    },
  });
}
