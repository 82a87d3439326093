import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { discoverAndRequestJwtAuthGrant } from '@modelcontextprotocol/client';
import { type AssertionProvider, desktop, startAssertionProvider } from '../../clients/assertion-provider.ts';
import { type RealGateway, startGateway } from '../gateway.ts';
import { pythonVerifiers } from '../software.ts';

const limit = { timeout: 60_000 };
const script = fileURLToPath(new URL('python/verifier.py', import.meta.url));
const everything = fileURLToPath(
  new URL('../../../node_modules/@modelcontextprotocol/server-everything/dist/index.js', import.meta.url),
);
const managed = { id: 'desktop', secret: 'secret-of-the-desktop-at-the-gateway' };

let program: string;
let gateway: RealGateway;
let provider: AssertionProvider;
let endpoint: string;

before(async () => {
  program = join(await pythonVerifiers.install(), 'bin/python');
  provider = await startAssertionProvider(() => managed.id);
  gateway = await startGateway({
    servers: { everything: { command: process.execPath, args: [everything] } },
    identity: { issuers: [{ issuer: provider.issuer, identityAssertions: true }] },
    authorizationServer: { clients: [{ id: managed.id, secret: managed.secret }] },
    tasks: { templates: { default: { actions: ['everything:echo'], calls: 3 } } },
  });
  endpoint = `${gateway.origin}/mcp/everything`;
});

after(async () => {
  await gateway?.stop();
  provider?.stop();
});

/** What the script says of one grant. */
interface Verdict {
  readonly claims: Readonly<Record<string, unknown>>;
  readonly thumbprints: readonly string[];
  readonly [fact: string]: unknown;
}

/** Asks for tokens by two grants in Python, and lets its libraries judge what comes. */
async function verdicts(): Promise<Readonly<Record<'task' | 'access', Verdict>>> {
  const metadata = (await (
    await fetch(`${gateway.origin}/.well-known/oauth-authorization-server/as`)
  ).json()) as Readonly<Record<string, string>>;
  const grant = 'urn:ietf:params:oauth:grant-type';
  const { jwtAuthGrant } = await discoverAndRequestJwtAuthGrant({
    idpUrl: provider.issuer,
    audience: metadata['issuer'] ?? '',
    resource: endpoint,
    idToken: provider.idToken('alice'),
    clientId: desktop.id,
    clientSecret: desktop.secret,
  });
  const basic = Buffer.from(`${managed.id}:${managed.secret}`).toString('base64');
  const asked = {
    resource: endpoint,
    issuer: metadata['issuer'],
    jwks_uri: metadata['jwks_uri'],
    token_endpoint: metadata['token_endpoint'],
    grants: {
      task: {
        headers: {},
        parameters: {
          grant_type: `${grant}:token-exchange`,
          client_id: 'local',
          subject_token: gateway.token,
          subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
          resource: endpoint,
          template: 'default',
        },
      },
      access: {
        headers: { Authorization: `Basic ${basic}` },
        parameters: { grant_type: `${grant}:jwt-bearer`, assertion: jwtAuthGrant },
      },
    },
  };
  const running = promisify(execFile)(program, [script], { timeout: 50_000 });
  running.child.stdin?.end(JSON.stringify(asked));
  return JSON.parse((await running).stdout) as Readonly<Record<'task' | 'access', Verdict>>;
}

test('Authlib and jwcrypto verify the tokens of the gateway, and it takes their proofs', limit, async () => {
  const found = await verdicts();
  for (const name of ['task', 'access'] as const) {
    const { claims, thumbprints, lifetime, ...verdict } = found[name];
    assert.deepEqual(verdict, {
      status: 200,
      token_type: 'DPoP',
      agree: true,
      typ: 'at+jwt',
      another_audience_refused: [true, true],
      forgery_refused: [true, true],
      called: 200,
      called_with_another_key: 401,
      private_keys_published: [],
    });
    // RFC 7638: both libraries and the gateway name the key alike.
    assert.deepEqual(thumbprints, [thumbprints[0], thumbprints[0]]);
    assert.deepEqual(claims['cnf'], { jkt: thumbprints[0] });
    assert.deepEqual([claims['iss'], claims['aud']], [`${gateway.origin}/as`, endpoint]);
    assert.equal(lifetime, name === 'task' ? 120 : 600);
  }
  assert.equal(found.access.claims['client_id'], managed.id);
  assert.deepEqual(found.access.claims['sub_id'], { format: 'iss_sub', iss: provider.issuer, sub: 'alice' });
  assert.equal(found.access.claims['txn'], undefined);
  assert.equal(typeof found.task.claims['txn'], 'string');
  assert.deepEqual(found.task.claims['act'], { sub: 'local' });
  const [details] = found.task.claims['authorization_details'] as readonly Record<string, unknown>[];
  assert.deepEqual([details?.['type'], details?.['actions']], ['mcp_task', ['everything:echo']]);
  assert.equal(details?.['max_calls'], 3);
});
