import type { Plan } from './options.ts';
import type { Started } from './processes.ts';
import type { Absent } from './protocol.ts';
import type { VariantName } from './variants/names.ts';
import type { Surroundings, Variant } from './variants/start.ts';

/** What every section of the benchmark works with. */
export interface Workbench {
  readonly plan: Plan;
  readonly load: Started;
  readonly upstream: Started;
  readonly surroundings: Surroundings;
  /** One running proxy for each variant that was chosen, or why there is none. */
  readonly variants: ReadonlyMap<VariantName, Variant | Absent>;
  readonly progress: (text: string) => void;
}

/** The variants among `names` that run. */
export const runningVariants = ({ variants }: Workbench, names: readonly VariantName[]): Variant[] =>
  names.flatMap((name) => {
    const variant = variants.get(name);
    return variant === undefined || 'absent' in variant ? [] : [variant];
  });

/** Why a variant has no numbers; undefined when it runs. */
export const absence = ({ variants }: Workbench, name: VariantName): string | undefined => {
  const variant = variants.get(name);
  if (variant === undefined) return 'left out by --only';
  return 'absent' in variant ? variant.absent : undefined;
};
