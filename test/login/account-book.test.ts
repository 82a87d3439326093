import assert from 'node:assert/strict';
import { before, describe, type TestContext, test } from 'node:test';
import { type AccountBook, createAccountBook } from '../../src/identity/login/account-book.ts';
import { ScriptedBrowser } from './browser.ts';
import { type LoginGateway, setUpOwner, startLoginGateway, thePassword } from './gateway.ts';

interface Kept {
  readonly gateway: LoginGateway;
  readonly book: AccountBook;
}

/** A gateway whose owner allowed the application something, and the book of its accounts. */
async function start(t: TestContext): Promise<Kept> {
  const gateway = await startLoginGateway();
  t.after(() => gateway.stop());
  await setUpOwner(gateway);
  return { gateway, book: createAccountBook(gateway.documents, { now: () => gateway.clock.time }) };
}

async function allow({ gateway }: Kept): Promise<void> {
  const browser = new ScriptedBrowser();
  const page = await browser.open(gateway.authorizationUrl());
  const consent = await browser.submit(page, 'password', { password: thePassword });
  assert.equal((await browser.submit(consent, 'consent')).url.hostname, 'client.test');
}

test('a lost owner is reset: the old password is worth nothing, and a new link sets up a new one', async (t) => {
  const kept = await start(t);
  await allow(kept);
  const { gateway, book } = kept;
  assert.equal(await book.setupLink(gateway.base), undefined);
  assert.equal(await book.resetOwner(), true);
  assert.deepEqual([await book.accounts(), await book.consents()], [[], []]);
  const page = await new ScriptedBrowser().open(gateway.authorizationUrl());
  assert.match(page.text, /no owner yet/);
  const link = (await book.setupLink(gateway.base)) ?? '';
  const fresh = await new ScriptedBrowser().open(link);
  assert.equal(fresh.status, 200);
  assert.doesNotMatch(fresh.text, /A password is set/);
  assert.equal(await book.resetOwner(), false);
});

test('a disabled account cannot log in, and can again when it is enabled', async (t) => {
  const { gateway, book } = await start(t);
  assert.equal((await book.setDisabled('owner', true))?.disabled, true);
  assert.equal(await gateway.interactions.findAccount('owner'), undefined);
  assert.equal((await book.setDisabled('owner', false))?.disabled, false);
  assert.equal((await gateway.interactions.findAccount('owner'))?.accountId, 'owner');
  assert.equal(await book.setDisabled('nobody', true), undefined);
});

test('a consent is listed with its resources and can be taken back once', async (t) => {
  const kept = await start(t);
  await allow(kept);
  const { gateway, book } = kept;
  const [consent, ...others] = await book.consents('owner');
  assert.deepEqual(others, []);
  assert.deepEqual([consent?.client, consent?.resources], ['app', [`${gateway.origin}/mcp`]]);
  assert.deepEqual(await book.consents('somebody'), []);
  assert.equal(await book.withdraw('owner', 'app'), true);
  assert.equal(await book.withdraw('owner', 'app'), false);
  assert.deepEqual(await book.consents(), []);
});

describe('what the authorization server keeps for an account', () => {
  const now = 1_000;
  let documents: LoginGateway['documents'];
  before(async () => {
    const gateway = await startLoginGateway();
    gateway.stop();
    documents = gateway.documents;
    for (const [id, accountId, clientId] of [
      ['1', 'u-ann', 'editor'],
      ['2', 'u-ann', 'other'],
      ['3', 'u-bob', 'editor'],
    ] as const)
      for (const kind of ['oidc:Grant', 'oidc:RefreshToken', 'oidc:Session'])
        await documents.put(kind, id, { value: { accountId, clientId } });
    await documents.put('consent', 'x', { value: { account: 'u-ann', client: 'editor', at: now } });
  });

  test('goes for one application with its consent, and for all with the account', async () => {
    const book = createAccountBook(documents, { now: () => now });
    assert.equal(await book.withdraw('u-ann', 'editor'), true);
    assert.deepEqual(await idsOf('oidc:RefreshToken'), ['2', '3']);
    assert.deepEqual(await idsOf('oidc:Session'), ['1', '2', '3']);
    await documents.put('account', 'u-ann', {
      value: { disabled: false, issuer: 'https://i', subject: 'ann' },
    });
    await book.setDisabled('u-ann', true);
    assert.deepEqual(await idsOf('oidc:Grant'), ['3']);
    assert.deepEqual(await idsOf('oidc:RefreshToken'), ['3']);
    assert.deepEqual(await idsOf('oidc:Session'), ['3']);
  });

  async function idsOf(kind: string): Promise<readonly string[]> {
    return (await documents.find(kind, { limit: 10 })).map(({ id }) => id);
  }
});
