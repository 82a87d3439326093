import type { IncomingHttpHeaders } from 'node:http';
import { connectionRequired } from '../../../model/connect.ts';
import { faultMessage } from '../../../model/fault-message.ts';
import { Refusal, refuse } from '../../../model/refusal.ts';
import type { UpstreamChallenge, UpstreamCredential } from '../../../pipeline/ports.ts';
import { type Answer, type ExchangeOptions, exchange, type RunningExchange } from './exchange.ts';
import { type HeaderBase, proofHeaders } from './headers.ts';
import type { Connections } from './pool.ts';

/** An exchange that shows a credential. */
export interface AuthorizedOptions extends Omit<ExchangeOptions, 'headers'> {
  readonly credential: UpstreamCredential;
  /** What the request begins with, the credential included. */
  readonly base: HeaderBase;
  /** What comes after it. */
  readonly headers: readonly string[];
}

/** Where requests go, and what they show there. */
export interface Target {
  readonly pool: Connections;
  /** The origin of the server: proofs name it. */
  readonly origin: string;
}

/** How often one request is made anew with another credential: for a new nonce, and for a new token. */
const mostRenewals = 2;

/**
 * Makes one HTTP request with a credential. When the server turns the credential down, whoever gave it is asked for
 * another one, and the request is made again.
 *
 * INVARIANT: only 401 and 403 repeat a request: they say that it was not carried out (RFC 9110 sections 15.5.2 and
 * 15.5.4).
 */
export function authorizedExchange(
  target: Target,
  options: AuthorizedOptions,
  signal: AbortSignal,
  settle: (answer: Answer | Refusal) => void,
): RunningExchange {
  let running: RunningExchange | undefined;
  let finished = false;
  const attempt = (credential: UpstreamCredential, renewals: number): void => {
    const judge = (answer: Answer | Refusal): void => {
      const { renew } = credential;
      const isFinal = answer instanceof Refusal || !isTurnedDown(answer);
      if (isFinal || renew === undefined || finished || renewals >= mostRenewals) {
        settle(answer);
        return;
      }
      // It never rejects: what goes wrong is a refusal.
      void renewed(credential, renew, challengeOf(answer)).then((next) => {
        if (next instanceof Refusal) settle(next);
        else attempt(next, renewals + 1);
      });
    };
    const request = requestWith(target.origin, options, credential);
    if (request instanceof Refusal) settle(request);
    else running = exchange(target.pool, request, signal, judge);
  };
  attempt(latest(options.credential), 0);
  return {
    finish: () => {
      finished = true;
      running?.finish();
    },
  };
}

function requestWith(
  origin: string,
  { credential: _given, base, headers, onHead, ...rest }: AuthorizedOptions,
  credential: UpstreamCredential,
): ExchangeOptions | Refusal {
  const [path = '/'] = rest.path.split('?', 1);
  try {
    const proof = proofHeaders(credential, rest.method, origin + path);
    return {
      ...rest,
      headers: [...base(credential), ...proof, ...headers],
      // A response that only asks for another credential is none of the caller's.
      ...(onHead !== undefined && { onHead: unlessTurnedDown(onHead, credential) }),
    };
  } catch (fault) {
    return refuse('upstream_failed', `the request could not be proven: ${faultMessage(fault)}`);
  }
}

type OnHead = NonNullable<ExchangeOptions['onHead']>;

function unlessTurnedDown(onHead: OnHead, { renew }: UpstreamCredential): OnHead {
  if (renew === undefined) return onHead;
  return (status: number, headers: IncomingHttpHeaders) => {
    if (!isTurnedDown({ status })) onHead(status, headers);
  };
}

function isTurnedDown({ status }: Pick<Answer, 'status'>): boolean {
  return status === 401 || status === 403;
}

function challengeOf({ status, headers }: Answer): UpstreamChallenge {
  const nonce = headers['dpop-nonce'];
  return {
    status: status === 401 ? 401 : 403,
    authenticate: headers['www-authenticate'],
    nonce: typeof nonce === 'string' ? nonce : undefined,
  };
}

/** Credentials that were replaced, by what took their place; and those whose replacement is on its way. */
const replaced = new WeakMap<UpstreamCredential, UpstreamCredential>();
const underway = new WeakMap<UpstreamCredential, Promise<UpstreamCredential | Refusal>>();

/** A session goes on with the credential it began with; what replaced it meanwhile is used at once. */
function latest(credential: UpstreamCredential): UpstreamCredential {
  let found = credential;
  for (let next = replaced.get(found); next !== undefined; next = replaced.get(found)) found = next;
  return found;
}

/** Requests that are turned down together ask together. */
function renewed(
  credential: UpstreamCredential,
  renew: NonNullable<UpstreamCredential['renew']>,
  challenge: UpstreamChallenge,
): Promise<UpstreamCredential | Refusal> {
  const running = underway.get(credential);
  if (running !== undefined) return running;
  const asking = ask(credential, renew, challenge).finally(() => underway.delete(credential));
  underway.set(credential, asking);
  return asking;
}

async function ask(
  credential: UpstreamCredential,
  renew: NonNullable<UpstreamCredential['renew']>,
  challenge: UpstreamChallenge,
): Promise<UpstreamCredential | Refusal> {
  try {
    const next = await renew(challenge);
    if (next instanceof Refusal) return next;
    if ('kind' in next) return connectionRequired(next);
    if (next !== credential) replaced.set(credential, next);
    return next;
  } catch (fault) {
    return refuse('upstream_failed', `the credential could not be renewed: ${faultMessage(fault)}`);
  }
}
