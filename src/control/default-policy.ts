import type { PolicyText } from './settings.ts';

/** What decides while no policy file is configured. */
export const defaultPolicy: PolicyText = {
  name: 'embedded default policy',
  text: `// The person who started the gateway may call everything; nobody else may call anything.
@id("owner-may-call-everything")
permit (principal, action, resource)
when { principal.roles.contains("owner") };
`,
};
