import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { type AuthorizationServer, allowInsecureRequests, validateJwtAccessToken } from 'oauth4webapi';
import type { JsonObject } from '../model/json.ts';
import { Refusal } from '../model/refusal.ts';
import { testKey } from '../testing/dpop.ts';
import { createIdentity } from './identity.ts';

const url = 'https://gateway.example/mcp';
const idp = testKey();
const client = testKey();
const thief = testKey();
const now = Math.floor(Date.now() / 1000);

/** One issuer whose keys both readers fetch over HTTP. */
const server = createServer((_, response) => {
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ keys: [{ ...idp.jwk, kid: 'k1', alg: 'ES256', use: 'sig' }] }));
});
let origin = '';

before(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
after(() => {
  server.closeAllConnections();
  server.close();
});

/** What both readers are shown. */
interface Case {
  readonly name: string;
  readonly accepted: boolean;
  readonly header?: JsonObject;
  readonly claims?: JsonObject;
  readonly scheme?: string;
  /** Undefined: the token is bound to no key, and there is no proof. */
  readonly proof?: (token: string) => string | undefined;
  readonly signer?: typeof idp;
}

const bound = { cnf: { jkt: client.jkt } };
const proofOf =
  (claims: JsonObject = {}, header: JsonObject = {}, key = client) =>
  (token: string): string =>
    key.proof({ method: 'POST', url, token, at: now }, claims, header);
const dpop = { scheme: 'DPoP', claims: bound } as const;

const cases: readonly Case[] = [
  { name: 'a bearer token', accepted: true },
  { name: 'a bearer token in lower case', accepted: true, scheme: 'bearer' },
  { name: 'several audiences with this one', accepted: true, claims: { aud: ['https://x.example', url] } },
  { name: 'the long name of the type', accepted: true, header: { typ: 'application/at+jwt' } },
  { name: 'another audience', accepted: false, claims: { aud: 'https://x.example' } },
  { name: 'an audience with a slash more', accepted: false, claims: { aud: `${url}/` } },
  { name: 'another issuer', accepted: false, claims: { iss: 'https://x.example' } },
  { name: 'another signer', accepted: false, signer: thief },
  { name: 'another key name', accepted: false, header: { kid: 'k2' } },
  { name: 'an id token', accepted: false, header: { typ: 'JWT' } },
  { name: 'no type', accepted: false, header: { typ: undefined } },
  { name: 'no signature', accepted: false, header: { alg: 'none' } },
  { name: 'another algorithm', accepted: false, header: { alg: 'ES384' } },
  { name: 'a critical header', accepted: false, header: { crit: ['x'], x: 1 } },
  { name: 'an expired token', accepted: false, claims: { exp: now - 60 } },
  { name: 'a token before its time', accepted: false, claims: { nbf: now + 60 } },
  { name: 'an end that is no number', accepted: false, claims: { exp: String(now + 60) } },
  { name: 'no end', accepted: false, claims: { exp: undefined } },
  { name: 'no user', accepted: false, claims: { sub: undefined } },
  { name: 'no client', accepted: false, claims: { client_id: undefined } },
  { name: 'Basic credentials', accepted: false, scheme: 'Basic' },
  { name: 'a bound token with its proof', accepted: true, ...dpop, proof: proofOf() },
  { name: 'the scheme in capitals', accepted: true, scheme: 'DPOP', claims: bound, proof: proofOf() },
  {
    name: 'a URL with its port',
    accepted: true,
    ...dpop,
    proof: proofOf({ htu: 'https://GATEWAY.example:443/mcp' }),
  },
  { name: 'a URL with a query', accepted: true, ...dpop, proof: proofOf({ htu: `${url}?x=1#y` }) },
  { name: 'a proof of a moment ago', accepted: true, ...dpop, proof: proofOf({ iat: now - 200 }) },
  { name: 'a bound token without a proof', accepted: false, ...dpop },
  { name: 'a bound token as a bearer token', accepted: false, claims: bound },
  { name: 'a bound token as a bearer token with a proof', accepted: false, claims: bound, proof: proofOf() },
  { name: 'a plain token with the DPoP scheme', accepted: false, scheme: 'DPoP', proof: proofOf() },
  {
    name: 'a token bound in another way',
    accepted: false,
    ...dpop,
    claims: { cnf: { kid: 'k' } },
    proof: proofOf(),
  },
  {
    name: 'a confirmation that is no object',
    accepted: false,
    ...dpop,
    claims: { cnf: 'x' },
    proof: proofOf(),
  },
  { name: 'a proof by another key', accepted: false, ...dpop, proof: proofOf({}, {}, thief) },
  {
    name: 'a proof signed by another key',
    accepted: false,
    ...dpop,
    proof: proofOf({}, { jwk: client.jwk }, thief),
  },
  { name: 'a proof for another method', accepted: false, ...dpop, proof: proofOf({ htm: 'GET' }) },
  {
    name: 'a proof for another URL',
    accepted: false,
    ...dpop,
    proof: proofOf({ htu: 'https://gateway.example/mcp/x' }),
  },
  {
    name: 'a proof for another scheme of URL',
    accepted: false,
    ...dpop,
    proof: proofOf({ htu: 'http://gateway.example/mcp' }),
  },
  { name: 'a proof for another token', accepted: false, ...dpop, proof: proofOf({ ath: client.jkt }) },
  { name: 'a proof without a token', accepted: false, ...dpop, proof: proofOf({ ath: undefined }) },
  { name: 'a proof without an id', accepted: false, ...dpop, proof: proofOf({ jti: undefined }) },
  { name: 'a proof without a date', accepted: false, ...dpop, proof: proofOf({ iat: undefined }) },
  { name: 'an old proof', accepted: false, ...dpop, proof: proofOf({ iat: now - 400 }) },
  { name: 'a proof of the future', accepted: false, ...dpop, proof: proofOf({ iat: now + 400 }) },
  { name: 'a proof of another type', accepted: false, ...dpop, proof: proofOf({}, { typ: 'JWT' }) },
  { name: 'a proof by a secret', accepted: false, ...dpop, proof: proofOf({}, { alg: 'HS256' }) },
  { name: 'a proof without its key', accepted: false, ...dpop, proof: proofOf({}, { jwk: undefined }) },
  {
    name: 'a proof with its private key',
    accepted: false,
    ...dpop,
    proof: proofOf({}, { jwk: { ...client.jwk, d: 'AA' } }),
  },
  {
    name: 'two proofs',
    accepted: false,
    ...dpop,
    proof: (token) => `${proofOf()(token)}, ${proofOf()(token)}`,
  },
];

for (const each of cases) {
  test(`this gateway and oauth4webapi ${each.accepted ? 'take' : 'refuse'} ${each.name}`, async () => {
    const headers = headersOf(each);
    assert.equal(await ours(headers), each.accepted, 'this gateway');
    assert.equal(await theirs(headers), each.accepted, 'oauth4webapi');
  });
}

function headersOf({ header = {}, claims = {}, scheme = 'Bearer', proof, signer = idp }: Case): Headers {
  const said = {
    iss: origin,
    sub: 'alice',
    aud: url,
    client_id: 'c',
    jti: randomUUID(),
    iat: now,
    exp: now + 600,
  };
  const token = signer.sign({ alg: 'ES256', typ: 'at+jwt', kid: 'k1', ...header }, { ...said, ...claims });
  const headers = new Headers({ authorization: `${scheme} ${token}` });
  const text = proof?.(token);
  if (text !== undefined) headers.set('dpop', text);
  return headers;
}

async function ours(headers: Headers): Promise<boolean> {
  const identity = createIdentity({
    issuers: [{ issuer: origin, jwksUri: `${origin}/keys` }],
    clock: Date,
    proof: { replay: { claim: () => true }, proofSeconds: 300 },
  });
  const header = (name: string): string | undefined => headers.get(name) ?? undefined;
  const request = { method: 'POST', url, resource: url, metadataUrl: url, peer: '192.0.2.1' };
  const outcome = await identity.identify({ authorization: header('authorization'), header, ...request });
  return !(outcome instanceof Refusal);
}

async function theirs(headers: Headers): Promise<boolean> {
  const as: AuthorizationServer = { issuer: origin, jwks_uri: `${origin}/keys` };
  try {
    await validateJwtAccessToken(as, new Request(url, { method: 'POST', headers }), url, {
      [allowInsecureRequests]: true,
    });
    return true;
  } catch {
    return false;
  }
}
