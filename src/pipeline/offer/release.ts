import type { Stage } from '../stage.ts';
import type { ChargedOffer } from './charge.ts';

/** Sends the message, once the decision it belongs to is on disk. */
export function releaseOffer(): Stage<ChargedOffer, object> {
  return {
    name: 'release message',
    run: async ({ state, named }) => {
      await state.recorded;
      await state.arrival.channel.send(named);
      return {};
    },
  };
}
