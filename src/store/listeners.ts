/** Whoever wants to hear of something. */
export interface Listeners {
  /** Answers what takes the listener back. */
  readonly add: (listener: () => void) => () => void;
  readonly call: () => void;
  readonly size: () => number;
}

/** Begins with none. The same listener may be added twice. */
export function createListeners(): Listeners {
  const listeners = new Set<() => void>();
  return {
    add: (listener) => {
      const own = (): void => listener();
      listeners.add(own);
      return () => {
        listeners.delete(own);
      };
    },
    call: () => {
      for (const listener of [...listeners]) listener();
    },
    size: () => listeners.size,
  };
}
