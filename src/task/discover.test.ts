import assert from 'node:assert/strict';
import { test } from 'node:test';
import { discover } from './discover.ts';

const origin = 'https://gateway.example';
const resource = `${origin}/mcp/github`;

/** A gateway whose own authorization server is this one, and whose metadata names these. */
function gateway(own: string, listed: readonly string[] | undefined): typeof fetch {
  const documents: Readonly<Record<string, object>> = {
    [`${origin}/.well-known/oauth-protected-resource/mcp/github`]: {
      resource,
      ...(listed && { authorization_servers: listed }),
    },
    [`${origin}/.well-known/oauth-authorization-server${new URL(own).pathname}`]: {
      issuer: own,
      token_endpoint: `${own}/token`,
    },
  };
  return async (input) => {
    const document = documents[String(input)];
    return document === undefined ? new Response('', { status: 404 }) : Response.json(document);
  };
}

test('tasks come from the gateway’s own authorization server, wherever people log in', async () => {
  const own = `${origin}/as`;
  for (const listed of [[own], ['https://idp.example', own], ['https://idp.example'], undefined]) {
    const found = await discover(resource, gateway(own, listed));
    assert.deepEqual(found, { issuer: own, tokenEndpoint: `${own}/token` });
  }
});

test('an own server at another path is the one that is listed', async () => {
  const own = `${origin}/login`;
  assert.equal((await discover(resource, gateway(own, ['https://idp.example', own]))).issuer, own);
});

test('metadata of another resource is not taken, and a missing document is told', async () => {
  const elsewhere: typeof fetch = async () => Response.json({ resource: 'https://other.example/mcp' });
  await assert.rejects(discover(resource, elsewhere), /the metadata is of `https:\/\/other.example\/mcp`/);
  const nothing: typeof fetch = async () => new Response('', { status: 404 });
  await assert.rejects(discover(resource, nothing), /answered 404/);
});
