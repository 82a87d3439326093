import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import * as oauth from 'oauth4webapi';
import type { Documents } from '../../../src/pipeline/store-ports.ts';
import { memoryDocuments } from '../../fixtures/documents.ts';
import { browser } from './browser.ts';
import { type Listening, listen } from './listening-server.ts';

const insecure = { [oauth.allowInsecureRequests]: true };
const redirectUri = 'https://app.example/callback';
const client: oauth.Client = { client_id: 'app' };

async function discover({ issuer }: Listening): Promise<oauth.AuthorizationServer> {
  const url = new URL(issuer);
  const response = await oauth.discoveryRequest(url, { algorithm: 'oauth2', ...insecure });
  return await oauth.processDiscoveryResponse(url, response);
}

interface Flow {
  readonly as: oauth.AuthorizationServer;
  readonly dpop: oauth.DPoPHandle;
  readonly verifier: string;
  readonly answer: URL;
}

async function authorize(listening: Listening, more: Readonly<Record<string, string>> = {}): Promise<Flow> {
  const as = await discover(listening);
  const dpop = oauth.DPoP(client, await oauth.generateKeyPair('ES256'));
  const verifier = oauth.generateRandomCodeVerifier();
  const parameters = {
    response_type: 'code',
    redirect_uri: redirectUri,
    scope: 'tools:call',
    resource: `${listening.origin}/mcp/github`,
    state: 'a-state',
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    ...more,
  };
  const push = async (): Promise<oauth.PushedAuthorizationResponse> =>
    await oauth.processPushedAuthorizationResponse(
      as,
      client,
      await oauth.pushedAuthorizationRequest(as, client, oauth.None(), parameters, {
        DPoP: dpop,
        ...insecure,
      }),
    );
  const pushed = await push().catch(async (error: unknown) => {
    if (oauth.isDPoPNonceError(error)) return await push();
    throw error;
  });
  const start = new URL(as.authorization_endpoint ?? '');
  start.searchParams.set('client_id', client.client_id);
  start.searchParams.set('request_uri', pushed.request_uri);
  return { as, dpop, verifier, answer: await browser().follow(start.href) };
}

async function redeem(flow: Flow, used: URLSearchParams): Promise<oauth.TokenEndpointResponse> {
  const response = await oauth.authorizationCodeGrantRequest(
    flow.as,
    client,
    oauth.None(),
    used,
    redirectUri,
    flow.verifier,
    { DPoP: flow.dpop, ...insecure },
  );
  return await oauth.processAuthorizationCodeResponse(flow.as, client, response);
}

async function refresh(flow: Flow, token: string): Promise<oauth.TokenEndpointResponse> {
  const response = await oauth.refreshTokenGrantRequest(flow.as, client, oauth.None(), token, {
    DPoP: flow.dpop,
    ...insecure,
  });
  return await oauth.processRefreshTokenResponse(flow.as, client, response);
}

function isError(code: string): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof oauth.ResponseBodyError, String(error));
    assert.equal(error.error, code, error.error_description);
    return true;
  };
}

test('the code flow with PAR, PKCE, a resource and DPoP gives a token that is bound and for that resource alone', async (t) => {
  const listening = await listen(t, { nonce: 'required' });
  const flow = await authorize(listening);
  const used = oauth.validateAuthResponse(flow.as, client, flow.answer, 'a-state');
  const tokens = await redeem(flow, used);
  const claims = decodeJwt(tokens.access_token);
  assert.equal(decodeProtectedHeader(tokens.access_token).typ, 'at+jwt');
  assert.equal(decodeProtectedHeader(tokens.access_token).alg, 'ES256');
  assert.equal(claims.iss, listening.issuer);
  assert.equal(claims.aud, `${listening.origin}/mcp/github`);
  assert.equal(claims.sub, 'alice');
  assert.deepEqual(claims['roles'], ['developer']);
  assert.deepEqual(claims['amr'], ['pwd']);
  assert.equal(claims['txn'], undefined);
  assert.equal(claims['scope'], 'tools:call');
  assert.equal(claims['client_id'], 'app');
  assert.deepEqual(claims['cnf'], { jkt: await flow.dpop.calculateThumbprint() });
  assert.ok(Math.abs(Number(claims['iat_ms']) - Date.now()) < 10_000);
  assert.equal(tokens.token_type, 'dpop');
  assert.equal(flow.answer.searchParams.get('iss'), listening.issuer);
  assert.deepEqual(listening.reports, []);
});

test('a code that comes twice is refused and takes the first tokens with it', async (t) => {
  const flow = await authorize(await listen(t));
  const used = oauth.validateAuthResponse(flow.as, client, flow.answer, 'a-state');
  const tokens = await redeem(flow, used);
  await assert.rejects(redeem(flow, used), isError('invalid_grant'));
  await assert.rejects(refresh(flow, tokens.refresh_token ?? ''), isError('invalid_grant'));
});

test('a refresh token is replaced, and when the old one comes again the whole grant ends', async (t) => {
  const flow = await authorize(await listen(t));
  const used = oauth.validateAuthResponse(flow.as, client, flow.answer, 'a-state');
  const first = await redeem(flow, used);
  const second = await refresh(flow, first.refresh_token ?? '');
  assert.notEqual(second.refresh_token, first.refresh_token);
  const third = await refresh(flow, second.refresh_token ?? '');
  await assert.rejects(refresh(flow, first.refresh_token ?? ''), isError('invalid_grant'));
  await assert.rejects(refresh(flow, third.refresh_token ?? ''), isError('invalid_grant'));
});

/** Documents where nobody has used a refresh token up before `most` have tried to. */
function meeting(documents: Documents, most: number): Documents {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  let arrived = 0;
  return {
    ...documents,
    put: async (kind, id, document, expected) => {
      if (kind === 'oidc:RefreshToken' && document.value['consumed'] !== undefined) {
        arrived += 1;
        if (arrived >= most) resolve(undefined);
        await promise;
      }
      return documents.put(kind, id, document, expected);
    },
  };
}

test('of two redemptions of one refresh token at the same moment one fails and ends the grant, whatever replica it came to', async (t) => {
  const one = await listen(t, { documents: meeting(memoryDocuments({ now: Date.now }), 2) });
  const two = await listen(t, { documents: one.documents, replay: one.replay, origin: one.origin });
  const flow = await authorize(one);
  const used = oauth.validateAuthResponse(flow.as, client, flow.answer, 'a-state');
  const { refresh_token: token = '' } = await redeem(flow, used);
  // A second replica has another port here, but the same name: its proofs are for the public URL.
  const send = async (origin: string): Promise<unknown> => {
    const response = await oauth.refreshTokenGrantRequest(flow.as, client, oauth.None(), token, {
      DPoP: flow.dpop,
      ...insecure,
      [oauth.customFetch]: (url, init) => fetch(String(url).replace(one.origin, origin), init as RequestInit),
    });
    return await oauth.processRefreshTokenResponse(flow.as, client, response);
  };
  const results = await Promise.allSettled([send(one.origin), send(two.origin)]);
  assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 1);
  const [failed] = results.filter((result) => result.status === 'rejected');
  isError('invalid_grant')(failed?.reason);
  const [won] = results.filter((result) => result.status === 'fulfilled');
  assert.ok(won !== undefined);
  const { refresh_token: next = '' } = won.value as oauth.TokenEndpointResponse;
  assert.notEqual(next, '');
  await assert.rejects(
    refresh(flow, next),
    isError('invalid_grant'),
    'nobody knows which of the two was the thief',
  );
});

test('a code from one replica is redeemed at another one, and its token is good at both', async (t) => {
  const one = await listen(t);
  const two = await listen(t, { documents: one.documents, replay: one.replay, origin: one.origin });
  const flow = await authorize(one);
  const used = oauth.validateAuthResponse(flow.as, client, flow.answer, 'a-state');
  const response = await oauth.authorizationCodeGrantRequest(
    flow.as,
    client,
    oauth.None(),
    used,
    redirectUri,
    flow.verifier,
    {
      DPoP: flow.dpop,
      ...insecure,
      [oauth.customFetch]: (url, init) =>
        fetch(String(url).replace(one.origin, two.origin), init as RequestInit),
    },
  );
  const tokens = await oauth.processAuthorizationCodeResponse(flow.as, client, response);
  assert.deepEqual(two.server.jwks(), one.server.jwks());
  assert.equal(decodeProtectedHeader(tokens.access_token).kid, one.server.jwks()[0]?.['kid']);
});

test('a resource that is none of ours is refused before anybody logs in', async (t) => {
  const listening = await listen(t);
  await assert.rejects(
    authorize(listening, { resource: 'https://other.example/mcp' }),
    isError('invalid_target'),
  );
});

test('a token request for another resource than was agreed to is refused', async (t) => {
  const listening = await listen(t);
  const flow = await authorize(listening);
  const used = oauth.validateAuthResponse(flow.as, client, flow.answer, 'a-state');
  const response = await oauth.authorizationCodeGrantRequest(
    flow.as,
    client,
    oauth.None(),
    used,
    redirectUri,
    flow.verifier,
    { DPoP: flow.dpop, ...insecure, additionalParameters: { resource: `${listening.origin}/mcp` } },
  );
  await assert.rejects(
    oauth.processAuthorizationCodeResponse(flow.as, client, response),
    isError('invalid_target'),
  );
});

test('an answer that says it is from another issuer is noticed by the client', async (t) => {
  const flow = await authorize(await listen(t));
  const mixed = new URL(flow.answer);
  mixed.searchParams.set('iss', 'https://evil.example');
  assert.throws(() => oauth.validateAuthResponse(flow.as, client, mixed, 'a-state'), /"iss"/);
  mixed.searchParams.delete('iss');
  assert.throws(() => oauth.validateAuthResponse(flow.as, client, mixed, 'a-state'), /"iss"/);
});

test('a request without PKCE, with plain PKCE, or that asks for the implicit flow is refused', async (t) => {
  const listening = await listen(t);
  const bare = { code_challenge: '', code_challenge_method: '' };
  await assert.rejects(authorize(listening, bare), isError('invalid_request'));
  await assert.rejects(authorize(listening, { code_challenge_method: 'plain' }), isError('invalid_request'));
  await assert.rejects(
    authorize(listening, { response_type: 'token' }),
    isError('unsupported_response_type'),
  );
});

test('authorization_details outside of a token exchange and other ways to answer are refused', async (t) => {
  const listening = await listen(t);
  await assert.rejects(
    authorize(listening, { authorization_details: '[{"type":"mcp_task"}]' }),
    isError('invalid_authorization_details'),
  );
  await assert.rejects(authorize(listening, { response_mode: 'form_post' }), isError('invalid_request'));
  await assert.rejects(authorize(listening, { response_mode: 'fragment' }), isError('invalid_request'));
});

test('a DPoP proof that comes twice is refused, also at another replica', async (t) => {
  const one = await listen(t);
  const two = await listen(t, { documents: one.documents, replay: one.replay, origin: one.origin });
  const flow = await authorize(one);
  const used = oauth.validateAuthResponse(flow.as, client, flow.answer, 'a-state');
  const sent: RequestInit[] = [];
  const response = await oauth.authorizationCodeGrantRequest(
    flow.as,
    client,
    oauth.None(),
    used,
    redirectUri,
    flow.verifier,
    {
      DPoP: flow.dpop,
      ...insecure,
      [oauth.customFetch]: async (url, init) => {
        sent.push(init as RequestInit);
        return await fetch(url, init as RequestInit);
      },
    },
  );
  const { refresh_token = '' } = await oauth.processAuthorizationCodeResponse(flow.as, client, response);
  const headers = new Headers(sent[0]?.headers);
  const replayed = await fetch(`${two.origin}/as/token`, {
    method: 'POST',
    headers: { dpop: headers.get('dpop') ?? '' },
    body: new URLSearchParams({ grant_type: 'refresh_token', client_id: 'app', refresh_token }),
  });
  assert.equal(replayed.status, 400);
  assert.equal(((await replayed.json()) as { error: string }).error, 'invalid_grant');
  // It was the proof: with another one the same refresh token is good.
  assert.equal((await refresh(flow, refresh_token)).token_type, 'dpop');
});

test('people see a plain page of ours when a request cannot be answered, with nothing active in it', async (t) => {
  const { issuer } = await listen(t);
  const response = await browser().get(`${issuer}/authorize?client_id=%3Cscript%3E&response_type=code`);
  const text = await response.text();
  assert.equal(response.status, 400);
  assert.match(response.headers.get('content-security-policy') ?? '', /default-src 'none'/);
  assert.match(text, /This request cannot be answered/);
  assert.doesNotMatch(text, /<script|fonts\.googleapis/);
});

test('a request that names no scope is one for all scopes of its resource', async (t) => {
  const listening = await listen(t);
  const url = new URL(`${listening.issuer}/authorize`);
  const verifier = oauth.generateRandomCodeVerifier();
  for (const [name, value] of Object.entries({
    client_id: 'app',
    response_type: 'code',
    redirect_uri: redirectUri,
    resource: `${listening.origin}/mcp/github`,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  }))
    url.searchParams.set(name, value);
  const answer = await browser().follow(url.href);
  const response = await fetch(`${listening.issuer}/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      client_id: 'app',
      redirect_uri: redirectUri,
      code: answer.searchParams.get('code') ?? '',
      code_verifier: verifier,
    }),
  });
  const tokens = (await response.json()) as { scope: string; access_token: string };
  assert.equal(tokens.scope, 'tools:call resources:read');
  assert.equal(decodeJwt(tokens.access_token).aud, `${listening.origin}/mcp/github`);
});
