import type Provider from 'oidc-provider';
import type { Client, KoaContextWithOIDC } from 'oidc-provider';
import type { JsonObject } from '../../model/json.ts';
import {
  type GrantClient,
  GrantError,
  type GrantHandler,
  type GrantRequest,
  type KeyBinding,
} from './grant.ts';
import type { ProviderLibrary } from './load-provider.ts';
import { anonymousClient, type Shown, type ShownRequests } from './presented.ts';
import type { ProofChecks } from './proof-checks.ts';

/** What the bridge to the grants of others needs. */
export interface GrantBridge {
  readonly provider: Provider;
  readonly errors: ProviderLibrary['errors'];
  readonly shown: ShownRequests;
  readonly proofs: ProofChecks;
  /** Takes the refusals that a grant has told of itself. */
  readonly told: WeakSet<object>;
}

/** What oidc-provider itself must read of a request; the rest goes around it, so that its own rules do not apply. */
const readByProvider: ReadonlySet<string> = new Set(['scope', 'resource']);

/**
 * Offers a grant at the token endpoint. It is called once the client was authenticated and the DPoP proof was verified
 * and claimed, so a handler sees nothing of a request that fails there.
 */
export function registerGrant(bridge: GrantBridge, handler: GrantHandler): void {
  bridge.provider.registerGrantType(
    handler.type,
    async (context) => {
      context.body = await answer(bridge, handler, context);
    },
    [...handler.parameters.filter((name) => readByProvider.has(name)), 'resource'],
    ['resource'],
  );
}

async function answer(
  bridge: GrantBridge,
  handler: GrantHandler,
  context: KoaContextWithOIDC,
): Promise<JsonObject> {
  const shown = bridge.shown.of(context.req);
  const client = context.oidc.client;
  if (shown === undefined || client === undefined)
    throw new Error('a grant was asked for without its request');
  let asked = false;
  try {
    const request: GrantRequest = {
      client: grantClient(client, shown),
      parameters: parametersOf(handler, shown.parameters),
      resources: shown.parameters.getAll('resource'),
      binding: await bindingOf(bridge, context, client, shown),
      peer: shown.peer,
    };
    asked = true;
    return await handler.grant(request);
  } catch (error) {
    if (!(error instanceof GrantError)) throw error;
    const refusal = new bridge.errors.CustomOIDCProviderError(error.code, error.description);
    // RFC 6749 section 5.2.
    if (error.code === 'invalid_client') Object.assign(refusal, { status: 401, statusCode: 401 });
    if (asked && handler.reports === true) bridge.told.add(refusal);
    throw refusal;
  }
}

/** RFC 6749 section 3.2: parameters must not come more than once, and those without a value are as if left out. */
function parametersOf(handler: GrantHandler, form: URLSearchParams): Readonly<Record<string, string>> {
  const known = new Set([...handler.parameters, 'grant_type']);
  known.delete('resource');
  const found: Record<string, string> = {};
  for (const name of known) {
    const [value, second] = form.getAll(name);
    if (second !== undefined) throw new GrantError('invalid_request', `\`${name}\` must not come twice`);
    if (value !== undefined && value !== '') found[name] = value;
  }
  return found;
}

async function bindingOf(
  { proofs }: GrantBridge,
  context: KoaContextWithOIDC,
  client: Client,
  { certificate }: Shown,
): Promise<KeyBinding | undefined> {
  const jkt = await proofs.claim(context, client.clientId);
  if (jkt !== undefined) return { jkt };
  return certificate === undefined ? undefined : { 'x5t#S256': certificate.thumbprint };
}

/** How the client that oidc-provider authenticated did so, in our words. */
function grantClient(client: Client, { presented }: Shown): GrantClient | undefined {
  const id = client.clientId;
  if (id === anonymousClient) return undefined;
  return { id, authentication: authenticationOf(client, presented) };
}

function authenticationOf(client: Client, presented: Shown['presented']): GrantClient['authentication'] {
  if ('id' in presented && presented.id === client.clientId) return presented.kind;
  if ((client as { clientIdMetadataDocument?: boolean }).clientIdMetadataDocument === true)
    return 'client_metadata';
  if (client.clientAuthMethod === 'private_key_jwt') return 'private_key_jwt';
  return client.clientAuthMethod === 'none' ? 'none' : 'secret';
}
