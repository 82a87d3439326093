import { findRunning } from '../../control/running.ts';
import type { AccountKeeping } from '../../gateway/account-keeping.ts';
import { loadConfigOfRunning } from '../config-file.ts';
import { type ExitCode, exitCode } from '../exit-code.ts';
import { output } from '../output.ts';
import { instant } from '../task/time-words.ts';

/** How accounts are tended. */
export interface AccountOptions {
  readonly config?: string;
  readonly json: boolean;
}

/** How consents are listed. */
export interface ConsentOptions extends AccountOptions {
  readonly account?: string;
}

/** `bartizan account list`. */
export function runAccountList(options: AccountOptions): Promise<ExitCode> {
  return keeping(options, async ({ accounts }) => {
    const found = await accounts();
    if (options.json) output.data(JSON.stringify(found));
    else if (found.length === 0) output.say('nobody has logged in yet');
    else for (const account of found) output.data(accountLine(account));
    return exitCode.ok;
  });
}

type Account = Awaited<ReturnType<AccountKeeping['accounts']>>[number];

function accountLine({ id, subject, issuer, disabled }: Account): string {
  return `${id}${disabled ? '  disabled' : ''}\n  ${subject} of ${issuer}`;
}

/** `bartizan account disable <id>` and `enable`. */
export function runAccountSwitch(id: string, disabled: boolean, options: AccountOptions): Promise<ExitCode> {
  return keeping(options, async ({ setDisabled, endTokens }) => {
    const account = await setDisabled(id, disabled);
    if (account === undefined)
      throw new Error(`there is no account \`${id}\`; \`bartizan account list\` names them`);
    const ended = disabled && (await endTokens(account));
    if (options.json) output.data(JSON.stringify({ id, disabled, tokensEnded: ended }));
    else output.say(switchedWords(id, disabled, ended));
    return exitCode.ok;
  });
}

function switchedWords(id: string, disabled: boolean, ended: boolean): string {
  if (!disabled) return `${id} may log in again`;
  const rest = 'the access tokens it has are good until they expire';
  return `${id} is logged out and gets no tokens any more; ${ended ? 'its tokens have ended' : rest}`;
}

/** `bartizan owner reset`: for an owner who lost the way to log in. Prints a new set-up link. */
export function runOwnerReset(options: AccountOptions): Promise<ExitCode> {
  return keeping(options, async (book, origin) => {
    const wasThere = await book.resetOwner();
    const link = origin && (await book.setupLink(`${origin}/as`));
    if (options.json) output.data(JSON.stringify({ reset: wasThere, setupLink: link }));
    else {
      output.say(wasThere ? 'the login of the owner is removed' : 'there was no login of the owner');
      tellLink(link);
    }
    return exitCode.ok;
  });
}

/** `bartizan owner link`: a new set-up link, where there is no login yet. */
export function runOwnerLink(options: AccountOptions): Promise<ExitCode> {
  return keeping(options, async (book, origin) => {
    if (origin === undefined) throw new Error('no gateway runs here; start one with `bartizan up`');
    const link = await book.setupLink(`${origin}/as`);
    if (link === undefined)
      throw new Error('the owner has a login already; remove it with `bartizan owner reset` if it was lost');
    if (options.json) output.data(JSON.stringify({ setupLink: link }));
    else tellLink(link);
    return exitCode.ok;
  });
}

function tellLink(link: string | undefined): void {
  if (link === undefined) output.say('the gateway prints a set-up link when it starts');
  else {
    output.say('set up a login with this link, once, within 30 minutes:');
    output.data(link);
  }
}

/** `bartizan consent list`. */
export function runConsentList(options: ConsentOptions): Promise<ExitCode> {
  return keeping(options, async ({ consents }) => {
    const found = await consents(options.account);
    if (options.json) output.data(JSON.stringify(found));
    else if (found.length === 0) output.say('nobody has allowed an application anything');
    else
      for (const { account, client, clientName, resources, at } of found)
        output.data(`${account}  ${client}\n  ${clientName}, ${instant(at)}: ${resources.join(', ')}`);
    return exitCode.ok;
  });
}

/** `bartizan consent withdraw <account> <client>`. */
export function runConsentWithdraw(
  account: string,
  client: string,
  options: AccountOptions,
): Promise<ExitCode> {
  return keeping(options, async ({ withdraw }) => {
    const withdrawn = await withdraw(account, client);
    if (!withdrawn)
      throw new Error(
        `\`${account}\` has allowed \`${client}\` nothing; \`bartizan consent list\` names what is allowed`,
      );
    if (options.json) output.data(JSON.stringify({ account, client, withdrawn }));
    else output.say(`${client} cannot refresh its tokens for ${account} any more, and asks again`);
    return exitCode.ok;
  });
}

/** Opens the stores, gives them to a command with the origin of the running gateway, and closes them whatever happens. */
async function keeping(
  { config }: AccountOptions,
  command: (book: AccountKeeping, origin: string | undefined) => Promise<ExitCode>,
): Promise<ExitCode> {
  const { settings } = await loadConfigOfRunning(config);
  const { openAccountKeeping } = await import('../../gateway/account-keeping.ts');
  const book = await openAccountKeeping(settings);
  try {
    return await command(book, (await findRunning(settings.state.directory))?.url);
  } finally {
    await book.close();
  }
}
