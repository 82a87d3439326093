import type { IncomingMessage } from 'node:http';
import { Refusal } from '../../model/refusal.ts';
import { TokenFailure } from '../failure.ts';
import { GrantError } from './grant.ts';
import type { AuthorizationServerOptions } from './options.ts';
import { anonymousClient, type Presented, type Shown } from './presented.ts';

const jwtBearer = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const spiffeAssertion = 'urn:ietf:params:oauth:client-assertion-type:jwt-spiffe';

type Options = Pick<
  AuthorizationServerOptions,
  'verifyPeer' | 'verifyJwtSvid' | 'peerCertificate' | 'peer' | 'report'
>;

/** Finds out what a form request shows of its client. Changes the form to what oidc-provider can read. */
export type ShowClient = (request: IncomingMessage, form: URLSearchParams) => Shown;

/** `audiences`: what a JWT-SVID may be for, the issuer first (draft-ietf-oauth-spiffe-client-auth section 4.1). */
export function showClient(options: Options, audiences: readonly string[]): ShowClient {
  return (request, form) => {
    const certificate = options.peerCertificate?.(request);
    return {
      presented: presentedBy(options, audiences, request, form),
      certificate,
      dpop: request.headers['dpop'] !== undefined,
      parameters: form,
      peer: options.peer?.(request) ?? request.socket.remoteAddress ?? '',
    };
  };
}

function presentedBy(
  options: Options,
  audiences: readonly string[],
  request: IncomingMessage,
  form: URLSearchParams,
): Presented {
  if (form.getAll('client_assertion_type').includes(spiffeAssertion))
    return jwtSvid(options, audiences, request, form);
  if (form.has('client_assertion')) return { kind: 'assertion' };
  if (request.headers.authorization !== undefined || form.has('client_secret')) return { kind: 'other' };
  if (form.has('client_id')) return x509Svid(options, request);
  if (form.get('grant_type') !== jwtBearer) return { kind: 'other' };
  form.set('client_id', anonymousClient);
  return { kind: 'anonymous' };
}

/** The identity comes from the chain alone: a name that the client gives is compared with it later, and never trusted. */
function x509Svid({ verifyPeer, peerCertificate, report }: Options, request: IncomingMessage): Presented {
  const certificate = peerCertificate?.(request);
  if (certificate === undefined || verifyPeer === undefined) return { kind: 'other' };
  const id = verifyPeer(certificate.chain);
  if (!(id instanceof Refusal)) return { kind: 'x509-svid', id };
  report?.('SVID refused', { reason: id.detail, peer: request.socket.remoteAddress ?? '' });
  return { kind: 'other' };
}

/** The JWT-SVID profile: the assertion has no `iss`, and its `sub` is the client. */
function jwtSvid(
  options: Options,
  audiences: readonly string[],
  request: IncomingMessage,
  form: URLSearchParams,
): Presented {
  const [assertion, second] = form.getAll('client_assertion');
  if (assertion === undefined || second !== undefined || form.getAll('client_assertion_type').length > 1)
    throw new GrantError('invalid_request', 'send exactly one client_assertion with its type');
  if (request.headers.authorization !== undefined || form.has('client_secret'))
    throw new GrantError('invalid_request', 'authenticate the client in one way only');
  const id = verifiedSvid(options, audiences, assertion);
  if (form.getAll('client_id').some((named) => named !== id))
    throw new GrantError('invalid_client', 'client_id is not the SPIFFE ID of the assertion');
  form.delete('client_assertion');
  form.delete('client_assertion_type');
  form.set('client_id', id);
  return { kind: 'jwt-svid', id };
}

function verifiedSvid(
  { verifyJwtSvid, report }: Options,
  audiences: readonly string[],
  assertion: string,
): string {
  const failures: string[] = [];
  for (const audience of verifyJwtSvid === undefined ? [] : audiences) {
    const verified = verifyJwtSvid?.(assertion, audience);
    if (verified !== undefined && !(verified instanceof TokenFailure)) return verified.id;
    failures.push(verified?.detail ?? '');
  }
  report?.('SVID refused', { reason: failures[0] ?? 'JWT-SVIDs are not taken: `spiffe` is not configured' });
  throw new GrantError('invalid_client', 'the JWT-SVID does not count here');
}
