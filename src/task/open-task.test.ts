import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openTask } from './open-task.ts';

const origin = 'https://gateway.example';
const issuer = `${origin}/as`;
const documents: Readonly<Record<string, object>> = {
  [`${origin}/.well-known/oauth-protected-resource/mcp`]: {
    resource: `${origin}/mcp`,
    authorization_servers: [issuer],
  },
  [`${origin}/.well-known/oauth-authorization-server/as`]: { issuer, token_endpoint: `${issuer}/token` },
};

/** A gateway whose token endpoint answers in turn, with a nonce each time. */
function gateway(answers: readonly object[]) {
  const proofs: Record<string, unknown>[] = [];
  const send: typeof fetch = async (input, init) => {
    const document = documents[String(input)];
    if (document !== undefined) return Response.json(document);
    const proof = new Headers(init?.headers).get('dpop') ?? '';
    proofs.push(JSON.parse(Buffer.from(proof.split('.')[1] ?? '', 'base64url').toString()));
    const body = answers[proofs.length - 1] ?? assert.fail('nothing more was expected');
    const status = 'access_token' in body ? 200 : 400;
    return Response.json(body, { status, headers: { 'dpop-nonce': `nonce-${proofs.length}` } });
  };
  const open = () =>
    openTask({ resource: `${origin}/mcp`, subjectToken: 'user', agent: 'agent', fetch: send });
  return { proofs, open };
}

const token = ['{}', '{"txn":"task-1"}', 'x']
  .map((part) => Buffer.from(part).toString('base64url'))
  .join('.');
const granted = { access_token: token, token_type: 'DPoP', expires_in: 120 };

test('asks again with the nonce when the gateway wants one', async () => {
  const { proofs, open } = gateway([{ error: 'use_dpop_nonce' }, granted]);
  assert.equal((await open()).id, 'task-1');
  assert.deepEqual(
    proofs.map(({ nonce }) => nonce),
    [undefined, 'nonce-1'],
  );
});

test('a refusal is asked for once, though it brings a nonce', async () => {
  const { proofs, open } = gateway([{ error: 'invalid_grant', error_description: 'it has expired' }]);
  await assert.rejects(open(), { code: 'invalid_grant', message: /it has expired/ });
  assert.equal(proofs.length, 1);
});
