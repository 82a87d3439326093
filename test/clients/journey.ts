/** What a client wants to do, told once for every client, transport and era. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';

/** A client that somebody else wrote, behind the few words the journey needs. */
export interface ForeignClient {
  readonly listTools: () => Promise<{ readonly tools: readonly { readonly name: string }[] }>;
  readonly listResources: () => Promise<{ readonly resources: readonly { readonly uri: string }[] }>;
  readonly listResourceTemplates: () => Promise<{ readonly resourceTemplates: readonly object[] }>;
  readonly listPrompts: () => Promise<{ readonly prompts: readonly { readonly name: string }[] }>;
  readonly readResource: (params: { uri: string }) => Promise<{ readonly contents: readonly object[] }>;
  readonly getPrompt: (params: { name: string; arguments: Record<string, string> }) => Promise<object>;
  readonly complete: (params: Completion) => Promise<{ readonly completion: { readonly values: string[] } }>;
  readonly callTool: (name: string, args: Record<string, unknown>, options?: CallOptions) => Promise<object>;
  readonly close: () => Promise<void>;
}

interface Completion {
  ref: { type: 'ref/prompt'; name: string };
  argument: { name: string; value: string };
}

interface CallOptions {
  readonly onprogress?: (progress: { readonly progress: number }) => void;
  readonly signal?: AbortSignal;
}

/** What the client answers when a server asks its user. */
export const answers: { readonly sampled: string; readonly elicited: string } = {
  sampled: 'a poem of the sea',
  elicited: 'Ada',
};

/**
 * All that a client can declare. A server of the older revisions is asked for its lists with these, so that a client
 * which declares the same is served by the process that answers the lists.
 */
export const fullCapabilities: {
  readonly elicitation: { form: Record<string, never>; url: Record<string, never> };
  readonly sampling: Record<string, never>;
  readonly roots: Record<string, never>;
} = { elicitation: { form: {}, url: {} }, sampling: {}, roots: {} };

/** What one principal leaves in a server must be there for that principal, and for nobody else. */
export async function isolation(ada: ForeignClient, bob: ForeignClient): Promise<void> {
  await ada.callTool('gzip-file-as-resource', {
    name: 'of-ada.gz',
    data: 'data:text/plain,secret',
    outputType: 'resourceLink',
  });
  const uri = 'demo://resource/session/of-ada.gz';
  assert.equal((await ada.readResource({ uri })).contents.length, 1);
  await assert.rejects(bob.readResource({ uri }), /not found/i);
  const { resources } = await bob.listResources();
  assert.ok(!resources.some((resource) => resource.uri === uri));
}

/** Does everything that a client of the server `everything` can do. `server` is its id in the gateway. */
export async function journey(t: TestContext, client: ForeignClient, server: string): Promise<void> {
  const called = (tool: string): string => `${server}__${tool}`;

  await t.test('lists the tools under names that tell their server', async () => {
    const names = (await client.listTools()).tools.map(({ name }) => name);
    assert.ok(names.includes(called('echo')), `no \`${called('echo')}\` in ${names.join(', ')}`);
    assert.deepEqual(
      names.filter((name) => !name.includes('__')),
      [],
    );
  });

  await t.test('calls a tool, and learns that an unknown one is unknown', async () => {
    const echoed = await client.callTool(called('echo'), { message: 'hello' });
    assert.match(JSON.stringify(echoed), /Echo: hello/);
    await assert.rejects(client.callTool(called('no-such-tool'), {}), /Unknown tool/);
  });

  await t.test('hears of the progress of a call while it runs', async () => {
    const heard: number[] = [];
    const result = await client.callTool(
      called('trigger-long-running-operation'),
      { duration: 0.3, steps: 3 },
      { onprogress: ({ progress }) => heard.push(progress) },
    );
    assert.match(JSON.stringify(result), /operation completed/);
    // A client may drop the last one when it reads it together with the answer.
    assert.ok(heard.length >= 2);
    assert.deepEqual(heard, [1, 2, 3].slice(0, heard.length));
  });

  await t.test('lists and reads resources, also one that only a template describes', async () => {
    const [{ resources }, { resourceTemplates }] = [
      await client.listResources(),
      await client.listResourceTemplates(),
    ];
    const uri = resources.map((resource) => resource.uri).find((each) => each.startsWith(`${server}+demo:`));
    assert.ok(uri !== undefined && resourceTemplates.length > 0);
    assert.ok((await client.readResource({ uri })).contents.length > 0);
    const dynamic = await client.readResource({ uri: `${server}+demo://resource/dynamic/text/7` });
    assert.match(JSON.stringify(dynamic.contents), /Resource 7: This is a plaintext resource/);
  });

  await t.test('gets a prompt and completes its arguments', async () => {
    const { prompts } = await client.listPrompts();
    const name = called('completable-prompt');
    assert.ok(prompts.some((prompt) => prompt.name === name));
    const prompt = await client.getPrompt({ name, arguments: { department: 'Sales', name: 'Eve' } });
    assert.match(JSON.stringify(prompt), /promote Eve to the head of the Sales team/);
    const argument = { name: 'department', value: 'S' };
    const { completion } = await client.complete({ ref: { type: 'ref/prompt', name }, argument });
    assert.deepEqual(completion.values, ['Sales', 'Support']);
  });

  await t.test('lets a server ask the model and the user of the client', async () => {
    const sampled = await client.callTool(called('trigger-sampling-request'), { prompt: 'sea' });
    assert.match(JSON.stringify(sampled), new RegExp(answers.sampled));
    const elicited = await client.callTool(called('trigger-elicitation-request'), {});
    assert.match(JSON.stringify(elicited), new RegExp(`Name: ${answers.elicited}`));
  });

  await t.test('cancels a call, and goes on with the next', async () => {
    const controller = new AbortController();
    const operation = { duration: 20, steps: 100 };
    const cancelled = client.callTool(called('trigger-long-running-operation'), operation, {
      onprogress: () => controller.abort(new Error('enough')),
      signal: controller.signal,
    });
    await assert.rejects(cancelled, /enough|abort/i);
    const next = await client.callTool(called('get-sum'), { a: 2, b: 3 });
    assert.match(JSON.stringify(next), /The sum of 2 and 3 is 5/);
  });
}
