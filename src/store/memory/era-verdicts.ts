import type { EraVerdict, EraVerdicts } from '../../pipeline/ports.ts';

/** Verdicts that are forgotten when the process ends. There is one for each configured server, so nothing is dropped. */
export function createMemoryEraVerdicts(): EraVerdicts {
  const verdicts = new Map<string, EraVerdict>();
  return {
    recall: (server) => verdicts.get(server),
    remember: (server, verdict) => {
      verdicts.set(server, { ...verdict });
    },
  };
}
