/** Counts who wants to hear of which resource, so that the server is told once. */
export interface ResourceSubscriptions {
  readonly add: (uris: readonly string[]) => Promise<void>;
  readonly remove: (uris: readonly string[]) => void;
}

/** Subscribes at the first wish for a resource and unsubscribes after the last (2025-11-25 server/resources). */
export function resourceSubscriptions(
  tell: (method: 'resources/subscribe' | 'resources/unsubscribe', uri: string) => Promise<unknown>,
): ResourceSubscriptions {
  const wishes = new Map<string, number>();
  return {
    add: async (uris) => {
      const fresh = uris.filter((uri) => !wishes.has(uri));
      for (const uri of uris) wishes.set(uri, (wishes.get(uri) ?? 0) + 1);
      await Promise.all(fresh.map((uri) => tell('resources/subscribe', uri)));
    },
    remove: (uris) => {
      for (const uri of uris) {
        const left = (wishes.get(uri) ?? 1) - 1;
        if (left > 0) wishes.set(uri, left);
        else if (wishes.delete(uri)) void tell('resources/unsubscribe', uri);
      }
    },
  };
}
