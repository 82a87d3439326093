import type { IncomingMessage } from 'node:http';
import { ownerIssuer } from '../control/default-policy.ts';
import type { Settings } from '../control/settings.ts';
import { ownerAccountId } from '../identity/login/account-id.ts';
import { accountLabel, type LoginAccount } from '../identity/login/accounts.ts';
import { createInteractions, type LoginInteractions } from '../identity/login/interactions.ts';
import type { InteractionsOptions } from '../identity/login/options.ts';
import type { CreateInteractions, Interactions } from '../identity/server/interactions.ts';
import { type JsonObject, stringMember } from '../model/json.ts';

/** The pages where people log in, which are made anew with every provider. */
export interface People {
  readonly create: CreateInteractions;
  /** A one-time link to set the owner up; undefined when there is an account, or people log in elsewhere. */
  readonly setupLink: () => Promise<string | undefined>;
  /** Who an account is; undefined when there is none of that id. */
  readonly person: (account: string) => Promise<Person | undefined>;
}

/** A user as the issuer names them that knows them. */
export interface Person {
  readonly issuer: string;
  readonly subject: string;
  readonly tenant?: string;
  /** As people read it. */
  readonly name?: string;
}

/** What the pages need of the rest. */
export type PeopleOptions = Pick<
  InteractionsOptions,
  'documents' | 'clock' | 'onUpstreamTokens' | 'onFault' | 'onRefusal'
> & {
  readonly settings: Pick<Settings, 'authorizationServer' | 'identity' | 'servers'>;
  readonly origin: string;
};

/** Makes them. Tokens name a person as the issuer that knows them does, wherever the person logged in. */
export function peopleOf({ settings, origin, ...options }: PeopleOptions): People {
  const { login, provider } = settings.authorizationServer;
  let present: LoginInteractions | undefined;
  const create: CreateInteractions = ({ provider: oidc, base }): Interactions => {
    const interactions = createInteractions({
      ...options,
      provider: oidc,
      base,
      settings: { login, ...(provider && { provider }) },
      describeResource: (resource) => describe(resource, origin),
      describeScope,
      peer: (request: IncomingMessage) => request.socket.remoteAddress ?? '',
    });
    present = interactions;
    return { ...interactions, findAccount: (subject) => namedAccount(interactions, subject, settings) };
  };
  return {
    create,
    setupLink: async () => (settings.identity.owner.enabled ? present?.setupLink() : undefined),
    person: async (account) => {
      // Who logged in some other way than the present one, before that was changed, is nobody.
      if (present === undefined || (await namedAccount(present, account, settings)) === undefined)
        return undefined;
      const found = await present.accounts.find(account);
      if (found === undefined) return undefined;
      const tenant = stringMember(found.claims, 'tenant');
      return { ...personOf(found), ...(tenant !== undefined && { tenant }), name: accountLabel(found) };
    },
  };
}

/**
 * The owner is the same person whether a token comes from the command line or from a login, and so is a user of the
 * company whether the token comes from us or from the company (`sub_id`, RFC 9493 section 3.2.6).
 */
async function namedAccount(
  { findAccount, accounts }: LoginInteractions,
  subject: string,
  { identity }: PeopleOptions['settings'],
): ReturnType<Interactions['findAccount']> {
  const account = await findAccount(subject);
  const person = await accounts.find(subject);
  if (account === undefined || person === undefined) return undefined;
  const { issuer, subject: name } = personOf(person);
  // Switched off, the owner is nobody, also with an account from before.
  if (issuer === ownerIssuer && !identity.owner.enabled) return undefined;
  const roles = issuer === ownerIssuer ? { roles: [...identity.owner.roles] } : {};
  const claims: JsonObject = { sub_id: { format: 'iss_sub', iss: issuer, sub: name } };
  return { ...account, claims: { ...account.claims, ...roles, ...claims } };
}

function personOf({ id, issuer, subject }: LoginAccount): Person {
  return id === ownerAccountId ? { issuer: ownerIssuer, subject: 'owner' } : { issuer, subject };
}

/** What a resource without scopes of its own is asked with. */
function describeScope(scope: string): string | undefined {
  return scope === 'mcp' ? 'Call what the policies permit you' : undefined;
}

function describe(resource: string, origin: string): string | undefined {
  if (resource === `${origin}/mcp`) return 'all servers behind this gateway';
  const server = resource.startsWith(`${origin}/mcp/`) ? resource.slice(origin.length + 5) : undefined;
  return server === undefined ? undefined : `the server ${server}`;
}
