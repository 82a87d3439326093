/** The gateway of `+record` with one thing about identity changed in each. */
import { generateKeyPairSync, type KeyObject, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { calculateJwkThumbprint, SignJWT } from 'jose';
import type { LastingIdentity } from '../../src/gateway/lasting-identity.ts';
import type { JsonObject } from '../../src/model/json.ts';
import type { Compose, Composition, Running } from './compose.ts';
import { type Changes, composedGateway } from './gateway-with.ts';

const rooms = { guard: 'enforce', record: true } as const;

/** A token of another issuer that whoever has it may use: the reference of the table. */
export const unboundToken: Compose = (composition) => withToken(composition, {});

/** The same token bound to a key, of which every call proves that its sender has it. */
export const boundToken: Compose = (composition) => withToken(composition, { bound: true });

/** Nobody looks whether the token, its user or its agent was revoked, and nobody watches for it. */
export const unwatched: Compose = (composition) =>
  withToken(composition, {
    identity: (identity) => ({
      ...identity,
      revocations: {
        ...identity.revocations,
        isRevoked: () => false,
        stale: () => false,
        watch: () => never,
      },
    }),
  });

/** The token has an implicit task with a budget, of which the gateway holds parts. */
export const budgetLeased: Compose = (composition) => withToken(composition, { settings: implicit });

/** The same, but every call asks the ledger, which is in SQLite. */
export const budgetAsked: Compose = (composition) =>
  withToken(composition, {
    settings: implicit,
    identity: (identity) => ({ ...identity, ledger: unleased(identity) }),
  });

const never = new AbortController().signal;
const implicit = {
  tasks: { implicit: 'any', templates: { any: { actions: ['*'], calls: 1_000_000_000 } } },
};

function unleased({ stores, ledger }: LastingIdentity): LastingIdentity['ledger'] {
  const { open, take, giveBack, end, state } = stores.hot.ledger;
  return { ...ledger, open, take, giveBack, end, state };
}

async function withToken(
  composition: Composition,
  { bound = false, settings, ...changes }: Changes & { readonly bound?: boolean },
): Promise<Running> {
  const { issuer, jwksUri, privateKey } = await startIssuer();
  const claims = { device: { managed: 'managed' } };
  const running = await composedGateway(composition, rooms, {
    ...changes,
    settings: { ...settings, identity: { issuers: [{ issuer, jwksUri, claims }] } },
  });
  const proofKey = bound ? freshKey() : undefined;
  const token = await new SignJWT({
    client_id: 'local',
    roles: ['owner'],
    managed: true,
    ...(proofKey && { cnf: { jkt: await calculateJwkThumbprint(proofKey as never) } }),
  })
    .setProtectedHeader({ typ: 'at+jwt', alg: 'ES256', kid: 'bench' })
    .setIssuer(issuer)
    .setSubject('owner')
    .setAudience(running.url)
    .setJti(randomUUID())
    .setIssuedAt()
    .setExpirationTime('2h')
    .sign(privateKey);
  const headers = { Authorization: `${bound ? 'DPoP' : 'Bearer'} ${token}` };
  return { ...running, headers, ...(proofKey && { proofKey }) };
}

interface BenchIssuer {
  readonly issuer: string;
  readonly jwksUri: string;
  readonly privateKey: KeyObject;
}

/** Publishes one key. */
async function startIssuer(): Promise<BenchIssuer> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'bench', alg: 'ES256', use: 'sig' };
  const server = createServer((_, response) => {
    response.writeHead(200, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify({ keys: [jwk] }));
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { issuer, jwksUri: `${issuer}/jwks`, privateKey };
}

function freshKey(): JsonObject {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
    format: 'jwk',
  }) as JsonObject;
}
