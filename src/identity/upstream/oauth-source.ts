import type { Connect } from '../../model/connect.ts';
import type { Eventual } from '../../model/eventual.ts';
import { faultMessage } from '../../model/fault-message.ts';
import { type Refusal, refuse } from '../../model/refusal.ts';
import type { Subject } from '../../model/subject.ts';
import type { Clock, UpstreamChallenge, UpstreamCredential } from '../../pipeline/ports.ts';
import type { Fetch } from '../fetch-json.ts';
import { type Account, accountOf, connectionName } from './account.ts';
import type { OAuthServer } from './authorization-flow.ts';
import type { ConnectLinks } from './connect-links.ts';
import type { Connection } from './connection.ts';
import type { Connections } from './connections.ts';
import { discoverResource } from './discovery.ts';
import { type DpopKey, dpopKey } from './dpop-key.ts';
import { type TokenChallenge, tokenChallenge } from './www-authenticate.ts';

/** Where the credentials of one server come from. */
export type CredentialSource = (subject: Subject) => Eventual<UpstreamCredential | Connect | Refusal>;

/** What credentials of connected accounts are made with. */
export interface OAuthSourceOptions {
  readonly server: OAuthServer;
  /** Sent with every request. */
  readonly headers: Readonly<Record<string, string>>;
  readonly connections: Connections;
  readonly links: ConnectLinks;
  readonly clock: Pick<Clock, 'now'>;
  readonly fetch: Fetch;
}

/** A token is renewed when it has less than this left. */
const skewMs = 30_000;
/** What was granted so shortly before is not asked for again and again. */
const settledMs = 600_000;
const mostAgain = 1;

type Renewed = Promise<UpstreamCredential | Connect | Refusal>;

/** The credentials of the accounts that users have connected to one server. */
export function oauthSource(options: OAuthSourceOptions): CredentialSource {
  return new OAuthSource(options).credential;
}

class OAuthSource {
  readonly #options: OAuthSourceOptions;
  /** For one token the same object, until a nonce changes it. */
  readonly #built = new WeakMap<Connection, UpstreamCredential>();

  constructor(options: OAuthSourceOptions) {
    this.#options = options;
  }

  readonly credential: CredentialSource = (subject) => {
    const { connections, server } = this.#options;
    const account = accountOf(subject);
    const recent = connections.recent(connectionName(account, server.id));
    return recent !== undefined && this.#lasts(recent) ? this.#show(account, recent) : this.#find(account);
  };

  async #find(account: Account): Renewed {
    const { connections, server } = this.#options;
    const found = await connections.find(connectionName(account, server.id));
    if (found === undefined) return this.#unconnected(account);
    if (this.#lasts(found)) return this.#show(account, found);
    return this.#refreshed(account, found, tokenChallenge(undefined));
  }

  #lasts({ expiresAt }: Connection): boolean {
    return expiresAt === undefined || expiresAt - this.#options.clock.now() > skewMs;
  }

  /** Without a token: the server's own challenge says what to ask for (RFC 9728 section 5). */
  #unconnected(account: Account): UpstreamCredential {
    const renew = async (challenge: UpstreamChallenge): Renewed => {
      const { authenticate, status } = challenge;
      if (status === 403 && authenticate === undefined) return forbidden();
      const { scopes, metadataUrl } = tokenChallenge(authenticate);
      return this.#ask(account, scopes, metadataUrl, 0);
    };
    return { headers: this.#options.headers, renew };
  }

  #show(account: Account, connection: Connection): UpstreamCredential {
    const known = this.#built.get(connection);
    if (known !== undefined) return known;
    const built = this.#build(account, connection, undefined);
    this.#built.set(connection, built);
    return built;
  }

  #build(account: Account, connection: Connection, nonce: string | undefined): UpstreamCredential {
    const { accessToken, dpop } = connection;
    const scheme = dpop === undefined ? 'Bearer' : 'DPoP';
    const headers = { ...this.#options.headers, Authorization: `${scheme} ${accessToken}` };
    const renew = (challenge: UpstreamChallenge): Renewed =>
      this.#renew(account, connection, nonce, challenge);
    if (dpop === undefined) return { headers, renew };
    return { headers, renew, prove: this.#prover(dpopKey(dpop), accessToken, nonce) };
  }

  #prover(
    key: DpopKey,
    accessToken: string,
    nonce: string | undefined,
  ): NonNullable<UpstreamCredential['prove']> {
    const { clock } = this.#options;
    return (method, url) => ({ DPoP: key.proof({ method, url, accessToken, nonce, now: clock.now() }) });
  }

  async #renew(
    account: Account,
    connection: Connection,
    nonce: string | undefined,
    challenge: UpstreamChallenge,
  ): Renewed {
    const said = tokenChallenge(challenge.authenticate);
    if (said.error === 'use_dpop_nonce' && connection.dpop !== undefined) {
      return this.#withNonce(account, connection, nonce, challenge.nonce);
    }
    if (challenge.status === 401) return this.#turnedDown(account, connection, said);
    if (said.error !== 'insufficient_scope') return forbidden();
    return this.#again(account, connection, said);
  }

  #withNonce(
    account: Account,
    connection: Connection,
    before: string | undefined,
    nonce: string | undefined,
  ): UpstreamCredential | Refusal {
    if (nonce === undefined || nonce === before) {
      return refuse('upstream_failed', 'the upstream asks for a DPoP nonce and gives none that it takes');
    }
    const built = this.#build(account, connection, nonce);
    this.#built.set(connection, built);
    return built;
  }

  /** The token does not count: it is renewed where it came from, if that server is still the one to ask. */
  async #turnedDown(account: Account, connection: Connection, said: TokenChallenge): Renewed {
    const { server, fetch } = this.#options;
    try {
      const { authorizationServers } = await discoverResource(fetch, server.url, said.metadataUrl);
      if (!authorizationServers.includes(connection.issuer)) {
        return await this.#ask(account, [...connection.asked, ...said.scopes], said.metadataUrl, 0);
      }
    } catch (fault) {
      return unreachable(fault);
    }
    return this.#refreshed(account, connection, said);
  }

  /** INVARIANT: a token that cannot be renewed becomes the question to connect again, never a bare 401. */
  async #refreshed(account: Account, connection: Connection, said: TokenChallenge): Renewed {
    const { connections, server } = this.#options;
    try {
      const next = await connections.refresh(connectionName(account, server.id), connection.accessToken);
      if (next !== undefined) return this.#show(account, next);
    } catch (fault) {
      return unreachable(fault);
    }
    return this.#again(account, connection, said);
  }

  /** Asks for what was granted before and what is missing, together. */
  async #again(account: Account, connection: Connection, said: TokenChallenge): Renewed {
    const { asked, again, connectedAt } = connection;
    const scopes = [...new Set([...asked, ...said.scopes])];
    const grows = scopes.length > asked.length;
    const settled = this.#options.clock.now() - connectedAt < settledMs;
    if (!grows && settled && again >= mostAgain) {
      return refuse(
        'upstream_failed',
        'the upstream turns down what its authorization server has just granted',
        {
          reason: 'the server does not accept the account that was just connected',
        },
      );
    }
    return this.#ask(account, scopes, said.metadataUrl, grows || !settled ? 0 : again + 1);
  }

  #ask(
    account: Account,
    scopes: readonly string[],
    metadataUrl: string | undefined,
    again: number,
  ): Promise<Connect> {
    const { links, server } = this.#options;
    return links.ask({ server: server.id, account, scopes: [...new Set(scopes)], metadataUrl, again });
  }
}

function forbidden(): Refusal {
  return refuse('upstream_failed', 'the upstream forbids it (status 403)');
}

function unreachable(fault: unknown): Refusal {
  return refuse('upstream_failed', `the token could not be renewed: ${faultMessage(fault)}`, {
    reason: 'the authorization server of the server behind the gateway is out of reach',
  });
}
