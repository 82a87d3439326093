import type { Subject } from '../../model/subject.ts';
import type { SecretName } from '../vault/vault.ts';

/** A user of the gateway as an owner of connections. Agents of one user share them; policies tell agents apart. */
export interface Account {
  readonly tenant: string;
  readonly issuer: string;
  readonly subject: string;
}

/** The account of a caller. */
export function accountOf({ user }: Pick<Subject, 'user'>): Account {
  return { tenant: user.tenant ?? '', issuer: user.issuer, subject: user.subject };
}

/** Where the connection of an account with a server stands. */
export function connectionName({ tenant, issuer, subject }: Account, server: string): SecretName {
  return { tenant, user: JSON.stringify([issuer, subject]), upstream: `server ${server}` };
}

/** Where something of the gateway itself stands: a registration, a link, a running flow. */
export function ownName(what: string): SecretName {
  return { tenant: '', user: '', upstream: what };
}
