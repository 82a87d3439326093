import type { Eventual } from '../../model/eventual.ts';
import { faultMessage } from '../../model/fault-message.ts';
import { type Refusal, refuse } from '../../model/refusal.ts';
import type { Report } from '../../model/report.ts';
import type { Subject } from '../../model/subject.ts';
import type { Clock, UpstreamChallenge, UpstreamCredential } from '../../pipeline/ports.ts';
import { createLru } from '../lru.ts';
import { LoginNeeded } from './grants.ts';
import type { CredentialSource } from './oauth-source.ts';
import { TokenRefused, type Tokens } from './token-request.ts';
import { tokenChallenge } from './www-authenticate.ts';

/** What a token is wanted for. */
export interface TokenWish {
  readonly subject: Subject;
  /** What the server has asked for beyond what is configured. */
  readonly scopes: readonly string[];
  readonly metadataUrl: string | undefined;
}

/** What tokens without a connected account are had with. */
export interface OwnSourceOptions {
  readonly server: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Gets a token. Throws an error that holds no secret. */
  readonly obtain: (wish: TokenWish) => Promise<Tokens>;
  /** Whose tokens are one and the same: those of a user, or of all. */
  readonly shareKey: (subject: Subject) => string;
  readonly clock: Pick<Clock, 'now'>;
  readonly report: Report;
}

interface Held {
  readonly credential: UpstreamCredential;
  readonly accessToken: string;
  readonly scopes: readonly string[];
  readonly until: number;
}

const mostTokens = 10_000;
const skewMs = 30_000;
/** A token whose end is not told is renewed after this. */
const defaultLifeMs = 300_000;
/** A refusal is not asked for again at once (RFC 7523 grants must not be repeated in a loop). */
const refusedMs = 10_000;

/**
 * Tokens that the gateway gets by itself, without the user: kept in memory until they end, one request for all who wait.
 */
export function ownSource(options: OwnSourceOptions): CredentialSource {
  return new OwnSource(options).credential;
}

class OwnSource {
  readonly #options: OwnSourceOptions;
  readonly #held = createLru<Held>(mostTokens);
  readonly #refused = createLru<{ readonly refusal: Refusal; readonly until: number }>(mostTokens);
  readonly #underway = new Map<string, Promise<Held | Refusal>>();

  constructor(options: OwnSourceOptions) {
    this.#options = options;
  }

  readonly credential: CredentialSource = (subject) => {
    const key = this.#options.shareKey(subject);
    const held = this.#held.get(key);
    if (held !== undefined && held.until > this.#options.clock.now()) return held.credential;
    return this.#get(key, { subject, scopes: held?.scopes ?? [], metadataUrl: undefined });
  };

  #get(key: string, wish: TokenWish): Eventual<UpstreamCredential | Refusal> {
    const refused = this.#refused.get(key);
    if (refused !== undefined && refused.until > this.#options.clock.now()) return refused.refusal;
    const running = this.#underway.get(key) ?? this.#start(key, wish);
    return running.then((got) => ('credential' in got ? got.credential : got));
  }

  #start(key: string, wish: TokenWish): Promise<Held | Refusal> {
    const started = this.#obtain(key, wish).finally(() => this.#underway.delete(key));
    this.#underway.set(key, started);
    return started;
  }

  async #obtain(key: string, wish: TokenWish): Promise<Held | Refusal> {
    const { obtain, clock } = this.#options;
    try {
      const held = this.#holding(key, wish, await obtain(wish));
      this.#held.set(key, held);
      return held;
    } catch (fault) {
      const refusal = this.#refuse(fault);
      this.#held.delete(key);
      if (fault instanceof TokenRefused) this.#refused.set(key, { refusal, until: clock.now() + refusedMs });
      return refusal;
    }
  }

  #holding(key: string, { subject, scopes }: TokenWish, tokens: Tokens): Held {
    const { headers, clock } = this.#options;
    const { accessToken, type, expiresIn } = tokens;
    if (type !== 'bearer') throw new Error(`the authorization server gave a token of type \`${type}\``);
    const life = expiresIn === undefined ? defaultLifeMs : expiresIn * 1000;
    const held: Held = {
      accessToken,
      scopes,
      until: clock.now() + life - Math.min(skewMs, life / 2),
      credential: {
        headers: { ...headers, Authorization: `Bearer ${accessToken}` },
        renew: async (challenge) => this.#renew(key, subject, held, challenge),
      },
    };
    return held;
  }

  #renew(
    key: string,
    subject: Subject,
    turnedDown: Held,
    challenge: UpstreamChallenge,
  ): Eventual<UpstreamCredential | Refusal> {
    const now = this.#held.get(key);
    if (now !== undefined && now.accessToken !== turnedDown.accessToken) return now.credential;
    const { error, scopes, metadataUrl } = tokenChallenge(challenge.authenticate);
    const wanted = [...new Set([...turnedDown.scopes, ...scopes])];
    const grows = wanted.length > turnedDown.scopes.length;
    if (challenge.status === 403 && (error !== 'insufficient_scope' || !grows)) {
      return refuse('upstream_failed', 'the upstream forbids it (status 403)');
    }
    return this.#get(key, { subject, scopes: wanted, metadataUrl });
  }

  #refuse(fault: unknown): Refusal {
    const { report, server } = this.#options;
    const why = faultMessage(fault);
    report('no token for an upstream', { server, why });
    return refuse('upstream_failed', `no token for \`${server}\`: ${why}`, { reason: reasonOf(fault) });
  }
}

/** What the caller may know. */
function reasonOf(fault: unknown): string {
  return fault instanceof LoginNeeded
    ? 'the login provider no longer vouches for this user at the server: log in at the gateway anew'
    : 'the gateway got no token for the server behind it; its operator finds the cause in the record';
}
