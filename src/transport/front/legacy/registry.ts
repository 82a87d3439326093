import { type Refusal, refuse } from '../../../model/refusal.ts';
import type { PrincipalKey, Subject } from '../../../model/subject.ts';
import type { Clock } from '../../../pipeline/ports.ts';
import type { Site } from '../endpoints.ts';
import type { FrontLimits } from '../limits.ts';
import { endSession, isBusy, type Session } from './session.ts';

/** The sessions of the front. */
export interface Registry {
  /** Adds a session. A principal at its limit loses its own session that was idle longest. */
  readonly add: (session: Session) => Refusal | undefined;
  /** The session, if this subject began it at this endpoint. */
  readonly find: (id: string, subject: Subject, site: Site) => Session | undefined;
  readonly end: (session: Session) => void;
  readonly close: () => void;
}

type Limits = Pick<FrontLimits, 'sessions' | 'sessionsPerPrincipal' | 'sessionIdleSeconds'>;

/** A registry that forgets sessions after their idle time. */
export function registry(limits: Limits, clock: Clock): Registry {
  const sessions = new Map<string, Session>();
  const owned = new Map<PrincipalKey, Set<Session>>();

  const end = (session: Session): void => {
    if (!sessions.delete(session.id)) return;
    const own = owned.get(session.principal);
    own?.delete(session);
    if (own?.size === 0) owned.delete(session.principal);
    endSession(session);
  };
  const timer = setInterval(
    () => {
      const oldest = clock.now() - limits.sessionIdleSeconds * 1000;
      for (const session of sessions.values()) if (!isBusy(session) && session.usedAt < oldest) end(session);
    },
    Math.min(limits.sessionIdleSeconds * 500, 30_000),
  );
  timer.unref();

  const makeRoom = ({ principal }: Session): Refusal | undefined => {
    if (sessions.size >= limits.sessions) return refuse('overloaded', 'the limit of sessions is reached');
    const own = owned.get(principal);
    if (own === undefined || own.size < limits.sessionsPerPrincipal) return undefined;
    const idle = [...own]
      .filter((session) => !isBusy(session))
      .sort((one, other) => one.usedAt - other.usedAt);
    if (idle[0] === undefined) return refuse('too_many_streams', 'every session of the principal is in use');
    end(idle[0]);
    return undefined;
  };

  return {
    add: (session) => {
      const full = makeRoom(session);
      if (full !== undefined) return full;
      sessions.set(session.id, session);
      owned.set(session.principal, (owned.get(session.principal) ?? new Set()).add(session));
      return undefined;
    },
    find: (id, subject, site) => {
      const session = sessions.get(id);
      if (session?.principal !== subject.principal || session.site.suffix !== site.suffix) return undefined;
      session.usedAt = clock.now();
      return session;
    },
    end,
    close: () => {
      clearInterval(timer);
      for (const session of [...sessions.values()]) end(session);
    },
  };
}
