/** What the gateway can be asked to do in one variant: each step adds one stage to the step before. */
export type Step = '+identify' | '+parse' | '+authorize' | '+guard' | '+record' | 'full';

/** Everything that is measured. `direct` has no proxy at all: the floor of every latency. */
export type VariantName = 'direct' | 'nginx' | 'raw' | 'bare' | Step;

export const ladder: readonly Step[] = ['+identify', '+parse', '+authorize', '+guard', '+record', 'full'];

export const variantNames: readonly VariantName[] = ['direct', 'nginx', 'raw', 'bare', ...ladder];

export const isStep = (name: string): name is Step => (ladder as readonly string[]).includes(name);

export const isVariantName = (name: string): name is VariantName =>
  (variantNames as readonly string[]).includes(name);

/** What the gateway of `+record` is asked to do beside: ways to show who calls, and to count what is called. */
export type IdentityCase = 'bearer' | 'dpop' | 'no revocation' | 'budget, leased' | 'budget, asked';

export const identityCases: readonly IdentityCase[] = [
  'bearer',
  'no revocation',
  'dpop',
  'budget, leased',
  'budget, asked',
];

export const isIdentityCase = (name: string): name is IdentityCase =>
  (identityCases as readonly string[]).includes(name);
