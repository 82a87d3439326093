import type { PolicyText } from './settings.ts';

/**
 * The `iss` of the tokens that a gateway issues to its owner. A configured issuer is a URL, so none can claim to be it.
 */
export const ownerIssuer: string = 'urn:bartizan:owner';

/** What decides while no policy file is configured. */
export const defaultPolicy: PolicyText = {
  name: 'embedded default policy',
  text: `// The person who started the gateway may call everything; nobody else may call anything.
@id("owner-may-call-everything")
permit (principal, action, resource)
when { context.user.issuer == "${ownerIssuer}" };
`,
};
