import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { CreateInteractions } from '../../../src/identity/server/interactions.ts';
import { browser } from './browser.ts';
import { listen } from './listening-server.ts';
import { scriptedInteractions } from './scripted-interactions.ts';

/** The pages of one person who agrees to everything, with what they were asked and why. */
function heard(prompts: string[]): CreateInteractions {
  return (context) => {
    const pages = scriptedInteractions('alice')(context);
    return {
      ...pages,
      serve: (request, response) => {
        context.provider.interactionDetails(request, response).then(
          ({ prompt }) => {
            prompts.push(prompt.name);
            pages.serve(request, response);
          },
          (fault: unknown) => response.writeHead(500).end(String(fault)),
        );
      },
    };
  };
}

/** One browser: it asks for a code that names no scope of any resource, and answers what its user was asked. */
async function person(t: TestContext): Promise<(path: string) => Promise<readonly string[]>> {
  const prompts: string[] = [];
  const server = await listen(t, { interactions: heard(prompts) });
  const { follow } = browser();
  return async (path) => {
    const start = new URL(`${server.issuer}/authorize`);
    start.search = new URLSearchParams({
      client_id: 'app',
      response_type: 'code',
      scope: 'openid',
      redirect_uri: 'https://app.example/callback',
      resource: `${server.origin}${path}`,
      code_challenge: 'c'.repeat(43),
      code_challenge_method: 'S256',
    }).toString();
    const { searchParams } = await follow(start.href);
    assert.ok(searchParams.has('code'), searchParams.toString());
    return prompts.splice(0);
  };
}

test('people are asked again when a client wants another resource, also where no scope of it is named', async (t) => {
  const ask = await person(t);
  assert.deepEqual(await ask('/mcp'), ['login', 'consent']);
  assert.deepEqual(await ask('/mcp'), []);
  assert.deepEqual(await ask('/mcp/github'), ['consent']);
});
