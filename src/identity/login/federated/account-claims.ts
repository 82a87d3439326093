import type { JsonObject } from '../../../model/json.ts';
import { claimAt, isElsewhere, textsAt } from '../../claim-at.ts';
import type { ClaimMapping, DeviceMapping } from '../../issuer.ts';
import { LoginFailure } from './login-failure.ts';

/**
 * Claims that say something else in our tokens than in the provider's, or that bind and delegate. What a provider puts
 * there must not become ours.
 */
const ours: ReadonlySet<string> = new Set([
  ...[
    'iss',
    'sub',
    'aud',
    'exp',
    'nbf',
    'iat',
    'jti',
    'typ',
    'nonce',
    'azp',
    'sid',
    'client_id',
    'scope',
    'scp',
  ],
  ...['at_hash', 'c_hash', 's_hash', 'auth_time', 'acr', 'amr', 'cnf', 'act', 'may_act', 'txn', 'events'],
  ...['authorization_details', 'task_ancestors', 'pol', 'rev', 'iat_ms', '__proto__'],
  ...['roles', 'groups', 'tenant', 'device', 'idp'],
]);

const mostBytes = 16 * 1024;

/**
 * What our tokens say of a user of the provider: its claims, with roles, groups, tenant and device at the places where
 * this gateway looks for them, and who it is at the provider as `idp`.
 * @throws LoginFailure when the provider left groups out because there are too many
 */
export function accountClaims(
  claims: JsonObject,
  mapping: ClaimMapping,
  identity: { readonly issuer: string; readonly subject: string },
): JsonObject {
  refuseOverage(claims, mapping.groups ?? 'groups');
  const kept = Object.fromEntries(Object.entries(claims).filter(([name]) => !ours.has(name)));
  const tenant = mapping.tenant === undefined ? undefined : claimAt(claims, mapping.tenant);
  const result: JsonObject = {
    ...kept,
    roles: textsAt(claims, mapping.roles ?? 'roles'),
    groups: textsAt(claims, mapping.groups ?? 'groups'),
    ...(typeof tenant === 'string' ? { tenant } : {}),
    ...(mapping.device === undefined ? {} : { device: deviceOf(claims, mapping.device) }),
    idp: { iss: identity.issuer, sub: identity.subject },
  };
  if (Buffer.byteLength(JSON.stringify(result)) <= mostBytes) return result;
  throw new LoginFailure(
    'the login provider says too much of your account; ask whoever runs this gateway',
    `the claims have more than ${mostBytes} bytes; let the provider send fewer`,
  );
}

function refuseOverage(claims: JsonObject, groups: string): void {
  if (!isElsewhere(claims, groups)) return;
  throw new LoginFailure(
    'your account is in more groups than the login provider sends; ask whoever runs this gateway',
    `\`${groups}\` was left out of the id token; send application roles, or only groups assigned to the application`,
  );
}

/** The posture as the provider saw it at this login. It gets old like any other: `observed_at` goes with it. */
function deviceOf(claims: JsonObject, mapping: DeviceMapping): JsonObject {
  const id = mapping.id === undefined ? undefined : claimAt(claims, mapping.id);
  const observedAt = claimAt(claims, mapping.observedAt ?? 'iat');
  return {
    managed: claimAt(claims, mapping.managed) === true && typeof observedAt === 'number',
    ...(typeof id === 'string' ? { id } : {}),
    ...(typeof observedAt === 'number' ? { observed_at: observedAt } : {}),
  };
}
