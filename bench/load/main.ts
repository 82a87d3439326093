/** The load generator process: raw sockets, one call in flight on each connection, every reply checked. */
import type { Preparation } from '../protocol.ts';
import { serve } from '../serve.ts';
import { runClosed } from './closed.ts';
import { firstCalls } from './first-call.ts';
import { runOpen } from './open.ts';
import { openSession, type Session } from './session.ts';
import { type HeldStreams, holdStreams } from './streams.ts';

let session: Session | undefined;
let held: HeldStreams | undefined;

const release = (): null => {
  session?.close();
  held?.close();
  session = undefined;
  held = undefined;
  return null;
};

const prepared = (): Session => {
  if (session === undefined) throw new Error('no session is prepared');
  return session;
};

const prepare = async (preparation: Preparation): Promise<Session> => {
  release();
  session = await openSession(preparation);
  return session;
};

serve({
  prepare: async (preparation) => runClosed(await prepare(preparation), preparation.warmMs),
  closed: ({ ms }) => runClosed(prepared(), ms),
  open: ({ ms, perSecond }) => runOpen(prepared(), perSecond, ms),
  streams: async ({ target, count }) => {
    release();
    held = await holdStreams(target, count);
    return { opened: held.opened, example: held.example };
  },
  firstCalls: ({ target, shape, count }) => {
    release();
    return firstCalls(target, shape, count);
  },
  release,
});
