import type { Stage } from '../stage.ts';
import type { NamedOffer } from './name.ts';

/** Sends the message, once the decision it belongs to is on disk. */
export function releaseOffer(): Stage<NamedOffer, object> {
  return {
    name: 'release message',
    run: async ({ state, named }) => {
      await state.recorded;
      await state.arrival.channel.send(named);
      return {};
    },
  };
}
