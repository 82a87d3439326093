import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after } from 'node:test';
import {
  createCertificateAuthority,
  type Issued,
} from '../../src/identity/spiffe/testing/certificate-authority.ts';
import { svidClaims } from '../../src/identity/spiffe/testing/jwt-authority.ts';
import { materialOf } from '../../src/identity/spiffe/testing/mtls.ts';
import { createTestDomain, startAgent } from '../../src/identity/spiffe/testing/trust-domain.ts';
import { testKey } from '../../src/testing/dpop.ts';
import { type Attack, attacks, keepsSecrets, type RecordedMembers, type Told } from './attack.ts';
import { accessTokenType, call, entry, exchangeType, formProof, now, post, token } from './moves.ts';
import { openStage, type Stage } from './stage.ts';

const own = createTestDomain('example.org');
const fed = createTestDomain('fed.example.org');
const agent = await startAgent(own, [fed]);
after(() => agent.stop());
const coder = `${own.id}/agent/coder`;
const stage: Stage = await openStage(
  { after },
  {
    listen: { port: 0, tls: { spiffe: true, askClients: true } },
    spiffe: { socket: agent.address },
    agents: [
      { id: `${own.id}/agent/*`, authentication: ['x509-svid', 'jwt-svid'], templates: ['coding'] },
      { id: `${fed.id}/agent/helper`, authentication: ['x509-svid'], templates: ['coding'] },
    ],
  },
);

type Svid = ReturnType<typeof materialOf>;
const good = materialOf(own.svid('/agent/coder'));
const helper = materialOf(fed.svid('/agent/helper'));

/** A task of a workload over mutual TLS: bound to its certificate, unless a proof says otherwise. */
function ask(
  client: string,
  certificate: Svid | undefined,
  change: Readonly<Record<string, string>> = {},
  headers = {},
): Promise<Told> {
  const form = {
    grant_type: exchangeType,
    client_id: client,
    subject_token: token(stage),
    subject_token_type: accessTokenType,
    resource: `${stage.url}/mcp/github`,
    authorization_details: JSON.stringify([entry()]),
    ...change,
  };
  return post(`${stage.issuer}/token`, form, headers, certificate);
}

/** A certificate-bound token, good with its own certificate: a fresh one, because a key binds one task at a time. */
async function boundToken(): Promise<string> {
  const certificate = materialOf(own.svid('/agent/coder'));
  const { status, body, text } = await ask(coder, certificate);
  assert.equal(status, 200, text);
  assert.equal(body['token_type'], 'Bearer');
  const of = stage.secret(String(body['access_token']));
  assert.equal((await call(stage, `Bearer ${of}`, { certificate })).status, 200);
  return of;
}

function jwtSvid(assertion: string, change: Readonly<Record<string, string>> = {}): Promise<Told> {
  const form = {
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-spiffe',
    client_assertion: stage.secret(assertion),
    ...change,
  };
  return ask(coder, undefined, form, { dpop: formProof(stage, testKey()) });
}

const invalidClient = { status: 401, code: 'invalid_client' } as const;
const refused = (code: string, more: RecordedMembers = {}): RecordedMembers => ({
  event: 'request refused',
  'facts.endpoint': 'token',
  'facts.code': code,
  'facts.client': coder,
  'facts.peer': '127.0.0.1',
  ...more,
});
const svidRefused = (reason: RegExp): RecordedMembers => ({ event: 'SVID refused', 'facts.reason': reason });

/** What somebody shows who says that it is `coder` of the domain A. */
const shown: readonly (readonly [string, Issued, RegExp])[] = [
  ['an SVID of domain A that domain B signed', fed.ca.issue({ uris: [coder] }), /./],
  [
    'an SVID of domain A that a stranger signed',
    createCertificateAuthority('example.org').issue({ uris: [coder] }),
    /./,
  ],
  ['an SVID of domain A that an ordinary certificate of A signed', forgedBelow(), /./],
  ['an SVID that names two identities', own.ca.issue({ uris: [coder, `${own.id}/gateway`] }), /./],
  ['an expired SVID', own.ca.issue({ uris: [coder], notAfter: Date.now() - 60_000 }), /./],
  [
    'an SVID of tomorrow',
    own.ca.issue({ uris: [coder], notBefore: Date.now() + 86_400_000, notAfter: Date.now() + 90_000_000 }),
    /./,
  ],
  ['a certificate of an authority as an SVID', own.ca.issue({ uris: [coder], isAuthority: true }), /./],
];

function forgedBelow(): Issued {
  const leaf = own.svid('/agent/other');
  const forged = createCertificateAuthority('example.org').issue({ uris: [coder] });
  return { ...forged, chain: [forged.certificate, leaf.certificate] };
}

attacks(
  () => stage,
  [
    ...shown.map(
      ([name, svid, reason]): Attack => ({
        name: `${name}, at the token end point`,
        run: () => ask(coder, materialOf(svid)),
        ...invalidClient,
        record: svidRefused(reason),
      }),
    ),
    ...shown.map(
      ([name, svid]): Attack => ({
        name: `${name}, with a token that is bound to the true one`,
        run: async () => call(stage, `Bearer ${await boundToken()}`, { certificate: materialOf(svid) }),
        status: 401,
        code: 'token_invalid',
        challenge: /error="invalid_token"/,
        reaches: 1,
        record: {
          decision: 'deny',
          stage: 'identify',
          denial: 'token_invalid',
          detail: /bound to another certificate|shows none/,
        },
      }),
    ),
    {
      name: 'a certificate-bound token without a certificate',
      run: async () => call(stage, `Bearer ${await boundToken()}`),
      status: 401,
      code: 'token_invalid',
      challenge: /error="invalid_token"/,
      reaches: 1,
      record: { decision: 'deny', denial: 'token_invalid', detail: /the connection shows none/ },
    },
    {
      name: 'a task token by the good certificate of another agent',
      run: async () => call(stage, `Bearer ${await boundToken()}`, { certificate: helper }),
      status: 401,
      code: 'token_invalid',
      challenge: /error="invalid_token"/,
      reaches: 1,
      record: { decision: 'deny', denial: 'token_invalid', detail: /another certificate/ },
    },
    {
      name: 'a task token by the same agent after its certificate was exchanged',
      run: async () =>
        call(stage, `Bearer ${await boundToken()}`, { certificate: materialOf(own.svid('/agent/coder')) }),
      status: 401,
      code: 'token_invalid',
      challenge: /error="invalid_token"/,
      reaches: 1,
      record: { decision: 'deny', denial: 'token_invalid', detail: /another certificate/ },
    },
    {
      name: 'a certificate-bound token with the DPoP scheme and a proof of another key',
      run: async () => {
        const of = await boundToken();
        const dpop = stage.secret(
          testKey().proof({ method: 'POST', url: `${stage.url}/mcp/github`, token: of, at: now() }),
        );
        return call(stage, `DPoP ${of}`, { certificate: good, headers: { dpop } });
      },
      status: 401,
      code: 'token_invalid',
      challenge: /error="invalid_token"/,
      reaches: 1,
      record: { decision: 'deny', denial: 'token_invalid', detail: /DPoP/ },
    },
    {
      name: 'a workload that says that it is another one',
      run: () => ask(`${own.id}/agent/other`, good),
      ...invalidClient,
      record: refused('invalid_client', { 'facts.client': `${own.id}/agent/other` }),
    },
    {
      name: 'a workload of a federated domain that is no agent here',
      run: () => ask(`${fed.id}/agent/stranger`, materialOf(fed.svid('/agent/stranger'))),
      ...invalidClient,
      record: refused('invalid_client', { 'facts.client': `${fed.id}/agent/stranger` }),
    },
    {
      name: 'a workload below the pattern by dot segments',
      run: () => ask(`${own.id}/agent/../gateway`, materialOf(own.svid('/gateway'))),
      ...invalidClient,
      record: refused('invalid_client', { 'facts.client': `${own.id}/agent/../gateway` }),
    },
    {
      name: 'an agent without its certificate',
      run: () => ask(coder, undefined),
      ...invalidClient,
      record: refused('invalid_client'),
    },
    {
      name: 'a JWT-SVID of domain A that domain B signed',
      run: () => jwtSvid(fed.jwt.sign(svidClaims(coder, stage.issuer))),
      ...invalidClient,
      record: refused('invalid_client'),
    },
    {
      name: 'a JWT-SVID of domain A that domain B signed under the key id of A',
      run: () => jwtSvid(fed.jwt.sign(svidClaims(coder, stage.issuer), { kid: own.jwt.kid })),
      ...invalidClient,
      record: refused('invalid_client'),
    },
    {
      name: 'a JWT-SVID for another audience',
      run: () => jwtSvid(own.jwt.sign(svidClaims(coder, 'https://another.example/as'))),
      ...invalidClient,
      record: refused('invalid_client'),
    },
    {
      name: 'an expired JWT-SVID',
      run: () => jwtSvid(own.jwt.sign(svidClaims(coder, stage.issuer, { exp: now() - 120 }))),
      ...invalidClient,
      record: refused('invalid_client'),
    },
    {
      name: 'a JWT-SVID of another agent than `client_id`',
      run: () => jwtSvid(own.jwt.sign(svidClaims(`${own.id}/agent/other`, stage.issuer))),
      ...invalidClient,
      record: refused('invalid_client'),
    },
    {
      name: 'a JWT-SVID as an access token',
      run: () =>
        call(
          stage,
          `Bearer ${stage.secret(own.jwt.sign(svidClaims(coder, `${stage.url}/mcp/github`, { jti: randomUUID() })))}`,
        ),
      status: 401,
      code: 'token_invalid',
      challenge: /error="invalid_token"/,
      record: { decision: 'deny', stage: 'identify', denial: 'token_invalid' },
    },
    {
      name: 'the SVID of another workload as a grant of its own',
      run: () =>
        post(
          `${stage.issuer}/token`,
          {
            grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
            assertion: stage.secret(fed.jwt.sign(svidClaims(coder, stage.issuer))),
            resource: `${stage.url}/mcp/github`,
          },
          { dpop: formProof(stage, testKey()) },
        ),
      status: 400,
      code: 'invalid_grant',
      record: {
        event: 'request refused',
        'facts.endpoint': 'token',
        'facts.code': 'invalid_grant',
        'facts.peer': '127.0.0.1',
      },
    },
  ],
);

keepsSecrets(() => stage);
