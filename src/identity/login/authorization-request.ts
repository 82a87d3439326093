import type Provider from 'oidc-provider';
import {
  arrayMember,
  isJsonObject,
  type JsonObject,
  objectMember,
  stringMember,
  stringsIn,
} from '../../model/json.ts';
import { isLoopbackHost } from '../../model/loopback.ts';
import type { Rights } from './consents.ts';
import type { ShownClient } from './pages/consent.ts';
import { RequestFault } from './request-fault.ts';

/** What an application asks a person for, as it stands behind an interaction. */
export interface AuthorizationRequest {
  readonly uid: string;
  readonly prompt: string;
  readonly reasons: readonly string[];
  readonly client: ShownClient;
  /** Any program of the person's machine could take the answer (RFC 8252 sections 8.6 and 8.10): ask every time. */
  readonly askAlways: boolean;
  /** Who is logged in. */
  readonly account: string | undefined;
  /** What is not granted yet. */
  readonly missing: Rights;
  readonly details: readonly JsonObject[];
  /** The resources of the request (RFC 8707 section 2.1), with or without scopes that are not granted yet. */
  readonly resources: readonly string[];
  readonly grantId: string | undefined;
  readonly maxAge: number | undefined;
}

/** Reads it from the interaction of a request. */
export async function authorizationRequest(
  provider: Provider,
  interaction: Interaction,
): Promise<AuthorizationRequest> {
  const params = interaction.params as JsonObject;
  const clientId = stringMember(params, 'client_id') ?? '';
  const client = await provider.Client.find(clientId);
  if (client === undefined) throw new RequestFault(400, 'the application is not known any more');
  const asked = interaction.prompt.details as JsonObject;
  const maxAge = params['max_age'];
  const redirectUri = stringMember(params, 'redirect_uri') ?? client.redirectUris?.[0] ?? '';
  return {
    uid: interaction.uid,
    prompt: interaction.prompt.name,
    reasons: interaction.prompt.reasons,
    client: shownClient(client, redirectUri),
    askAlways:
      client.applicationType === 'native' || !redirectUri.startsWith('https:') || isLocal(redirectUri),
    account: interaction.session?.accountId,
    missing: missingRights(asked),
    details: (arrayMember(asked, 'rar') ?? []).filter((detail) =>
      isJsonObject(detail),
    ) as readonly JsonObject[],
    resources: [params['resource']].flat().filter((resource) => typeof resource === 'string'),
    grantId: interaction.grantId,
    maxAge: typeof maxAge === 'number' ? maxAge : undefined,
  };
}

type Client = NonNullable<Awaited<ReturnType<Provider['Client']['find']>>>;
type Interaction = Awaited<ReturnType<Provider['interactionDetails']>>;

function shownClient(client: Client, redirectUri: string): ShownClient {
  const host = metadataHost(client.clientId);
  const uris = client.redirectUris ?? [];
  return {
    name: client.clientName ?? host ?? client.clientId,
    id: client.clientId,
    ...(host === undefined ? {} : { host }),
    redirectUri,
    localOnly: uris.length > 0 && uris.every(isLocal),
  };
}

/** The host of a Client ID Metadata Document, as it travels (punycode), so that no look-alike letters are shown. */
function metadataHost(clientId: string): string | undefined {
  return clientId.startsWith('https://') && URL.canParse(clientId) ? new URL(clientId).host : undefined;
}

/** Loopback, or a scheme of the person's machine that any program can claim. */
function isLocal(uri: string): boolean {
  if (!URL.canParse(uri)) return true;
  const { protocol, hostname } = new URL(uri);
  return (protocol !== 'https:' && protocol !== 'http:') || isLoopbackHost(hostname);
}

function missingRights(asked: JsonObject): Rights {
  const resources = Object.entries(objectMember(asked, 'missingResourceScopes') ?? {});
  return {
    scopes: stringsIn(asked['missingOIDCScope']),
    claims: stringsIn(asked['missingOIDCClaims']),
    resources: Object.fromEntries(resources.map(([resource, scopes]) => [resource, stringsIn(scopes)])),
  };
}
