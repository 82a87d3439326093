/** What the gateway can be asked to do in one variant: each step adds one stage to the step before. */
export type Step = '+identify' | '+parse' | '+authorize' | '+guard' | '+record' | 'full';

/** Everything that is measured. `direct` has no proxy at all: the floor of every latency. */
export type VariantName = 'direct' | 'nginx' | 'raw' | 'bare' | Step;

export const ladder: readonly Step[] = ['+identify', '+parse', '+authorize', '+guard', '+record', 'full'];

export const variantNames: readonly VariantName[] = ['direct', 'nginx', 'raw', 'bare', ...ladder];

export const isStep = (name: string): name is Step => (ladder as readonly string[]).includes(name);

export const isVariantName = (name: string): name is VariantName =>
  (variantNames as readonly string[]).includes(name);
