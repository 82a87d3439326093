import { faultMessage } from '../../model/fault-message.ts';
import type { Report } from '../../model/report.ts';

/** Those who want to hear of a change. */
export interface Listeners {
  readonly add: (listener: () => void) => () => void;
  readonly call: () => void;
  readonly clear: () => void;
}

/** Makes them. One that throws is reported and keeps no other from hearing; the change itself has happened by then. */
export function createListeners(report: Report): Listeners {
  const all = new Set<() => void>();
  return {
    add: (listener) => {
      all.add(listener);
      return () => all.delete(listener);
    },
    call: () => {
      for (const listener of [...all]) {
        try {
          listener();
        } catch (cause) {
          report('listener of the SPIFFE workload fails', { fault: faultMessage(cause) });
        }
      }
    },
    clear: () => all.clear(),
  };
}
