import { type Command, Option } from 'commander';
import type { AccountOptions, ConsentOptions } from './account/keep-accounts.ts';
import type { ExitCode } from './exit-code.ts';

type Done = (code: ExitCode) => void;
type Run = typeof import('./account/keep-accounts.ts');

/** Adds `bartizan owner`, `account` and `consent`. They work on the store, whether or not the gateway runs. */
export function addAccountCommands(program: Command, done: Done): void {
  addOwner(program.command('owner').description('tend the login of the owner'), done);
  addAccounts(program.command('account').description('tend the accounts that log in here'), done);
  addConsents(program.command('consent').description('tend what people allowed applications'), done);
}

function addOwner(owner: Command, done: Done): void {
  onStore(owner.command('reset').description('remove a lost login; prints a new set-up link')).action(
    async (options: AccountOptions) => done(await (await keep()).runOwnerReset(options)),
  );
  onStore(owner.command('link').description('print a new set-up link, where there is no login')).action(
    async (options: AccountOptions) => done(await (await keep()).runOwnerLink(options)),
  );
}

function addAccounts(account: Command, done: Done): void {
  onStore(account.command('list').description('list the accounts, the oldest first')).action(
    async (options: AccountOptions) => done(await (await keep()).runAccountList(options)),
  );
  onStore(account.command('disable').description('log an account out, for good').argument('<id>')).action(
    async (id: string, options: AccountOptions) =>
      done(await (await keep()).runAccountSwitch(id, true, options)),
  );
  onStore(account.command('enable').description('let it log in again').argument('<id>')).action(
    async (id: string, options: AccountOptions) =>
      done(await (await keep()).runAccountSwitch(id, false, options)),
  );
}

function addConsents(consent: Command, done: Done): void {
  onStore(consent.command('list').description('list what is allowed'))
    .option('--account <id>', 'of one account')
    .action(async (options: ConsentOptions) => done(await (await keep()).runConsentList(options)));
  onStore(
    consent
      .command('withdraw')
      .description('take a consent back; the application must ask again')
      .argument('<account>')
      .argument('<client>'),
  ).action(async (account: string, client: string, options: AccountOptions) =>
    done(await (await keep()).runConsentWithdraw(account, client, options)),
  );
}

function keep(): Promise<Run> {
  return import('./account/keep-accounts.ts');
}

function onStore(command: Command): Command {
  return command
    .addOption(new Option('-c, --config <file>', 'that of the gateway that runs unless given'))
    .option('--json', 'as JSON on standard output', false);
}
