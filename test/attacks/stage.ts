/** A whole gateway with everything that an attacker meets: issuers, agents, tasks, logins, an upstream whose tools change. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadSettings } from '../../src/control/load-settings.ts';
import { startGateway } from '../../src/gateway.ts';
import type { JsonObject } from '../../src/model/json.ts';
import { type TestKey, testKey } from '../../src/testing/dpop.ts';
import {
  ownerToken,
  readLog,
  recordsIn,
  type TokenOrder,
  writeConfig,
} from '../intermediary/bench/gateway.ts';
import { type LocalIssuer, localIssuer } from '../intermediary/bench/issuer.ts';
import { modernUpstream, tool } from '../intermediary/bench/modern-upstream.ts';
import {
  type Ending,
  type ScriptedUpstream,
  scriptedUpstream,
} from '../intermediary/bench/scripted-upstream.ts';

/** Everything is there once for a file of tests. */
export interface Stage {
  readonly url: string;
  readonly issuer: string;
  readonly port: number;
  /** A provider whose tokens count, and another one that counts too. */
  readonly idp: LocalIssuer;
  readonly other: LocalIssuer;
  /** A provider that nobody configured. */
  readonly stranger: LocalIssuer;
  readonly github: ScriptedUpstream;
  /** What `github` offers now; a test may change it, and must put it back. */
  readonly tools: JsonObject[];
  /** The upstream `mail`, where every user connects an account; its metadata may be changed. */
  readonly mail: { readonly origin: string; readonly metadata: Record<string, unknown> };
  /** Keys of the agents `coder` and `helper`. */
  readonly coder: TestKey;
  readonly helper: TestKey;
  readonly owner: (order?: TokenOrder) => Promise<string>;
  readonly setupLink: () => Promise<string>;
  readonly log: () => Promise<string>;
  readonly records: () => Promise<readonly JsonObject[]>;
  /** Notes something that must never stand in the log, and hands it back. */
  readonly secret: <T extends string>(text: T) => T;
  readonly secrets: ReadonlySet<string>;
}

export const appRedirect = 'https://client.test/callback';
export const appSecret = 'the secret of a confidential application';
const taskSeconds = 120;

/** Starts one. `more` are members of the configuration. */
export async function openStage(t: Ending, more: JsonObject = {}): Promise<Stage> {
  const [idp, other, stranger] = await Promise.all([localIssuer(t), localIssuer(t), localIssuer(t)]);
  const tools = [tool('create_pr'), tool('get_file'), tool('merge')];
  const github = await modernUpstream(t, {
    on: {
      'tools/list': (_, answer) => {
        answer.result({ resultType: 'complete', tools, ttlMs: 0, cacheScope: 'private' });
      },
    },
  });
  const mail = await accountUpstream(t);
  const [coder, helper] = [testKey(), testKey()];
  const config = {
    servers: {
      github: github.url,
      mail: { url: `${mail.origin}/mcp`, transport: 'http', era: 'modern', auth: { kind: 'oauth' } },
    },
    policy: 'permit (principal, action, resource);',
    identity: { issuers: [{ ...idp.entry, identityAssertions: true }, other.entry] },
    authorizationServer: {
      clients: [
        { id: 'app', name: 'An application', redirectUris: [appRedirect] },
        { id: 'backend', name: 'A confidential application', redirectUris: [appRedirect], secret: appSecret },
      ],
    },
    agents: [
      { id: 'coder', authentication: ['private_key_jwt'], jwks: [coder.jwk], templates: ['coding'] },
      {
        id: 'helper',
        authentication: ['private_key_jwt'],
        jwks: [helper.jwk],
        templates: ['coding', 'reading'],
      },
    ],
    tasks: {
      templates: {
        coding: { actions: ['github:create_pr', 'github:get_file'], calls: 200, seconds: taskSeconds },
        reading: { actions: ['github:get_*'] },
        secret: { actions: ['*'] },
      },
      maxDepth: 2,
    },
    ...more,
  };
  const directory = await mkdtemp(join(tmpdir(), 'bartizan-attacks-'));
  const { settings } = await loadSettings(await writeConfig(directory, config));
  const gateway = await startGateway(settings);
  t.after(async () => {
    await gateway.stop();
    await rm(directory, { recursive: true, force: true });
  });
  const secrets = new Set<string>();
  const log = (): Promise<string> => readLog(join(directory, 'audit'));
  return {
    url: gateway.url,
    issuer: `${gateway.url}/as`,
    port: Number(new URL(gateway.url).port),
    idp,
    other,
    stranger,
    github,
    tools,
    mail,
    coder,
    helper,
    owner: (order) => ownerToken(directory, gateway.url, order),
    setupLink: async () => (await gateway.setupLink()) ?? '',
    log,
    records: async () => recordsIn(await log()),
    secret: (text) => {
      secrets.add(text);
      return text;
    },
    secrets,
  };
}

/** A server that wants an account of each user, with its authorization server. */
async function accountUpstream(t: Ending): Promise<Stage['mail']> {
  const metadata: Record<string, unknown> = {};
  const { url } = await scriptedUpstream(t, ({ path }, answer) => {
    const origin = new URL(url).origin;
    const answers: Readonly<Record<string, JsonObject>> = {
      '/.well-known/oauth-protected-resource/mcp': {
        resource: `${origin}/mcp`,
        authorization_servers: [origin],
      },
      '/.well-known/oauth-authorization-server': {
        issuer: origin,
        authorization_endpoint: `${origin}/authorize`,
        token_endpoint: `${origin}/token`,
        registration_endpoint: `${origin}/register`,
        response_types_supported: ['code'],
        code_challenge_methods_supported: ['S256'],
        token_endpoint_auth_methods_supported: ['none'],
        authorization_response_iss_parameter_supported: true,
        ...(metadata as JsonObject),
      },
      '/register': { client_id: 'the-gateway' },
      '/token': { access_token: 'of-the-account', token_type: 'Bearer', expires_in: 3600 },
    };
    const [place = ''] = path.split('?');
    const found = Object.hasOwn(answers, place) ? answers[place] : undefined;
    if (found !== undefined) return answer.bytes(JSON.stringify(found), place === '/register' ? 201 : 200);
    answer.bytes('', 401, {
      'WWW-Authenticate': `Bearer resource_metadata="${origin}/.well-known/oauth-protected-resource/mcp"`,
    });
  });
  return { origin: new URL(url).origin, metadata };
}
