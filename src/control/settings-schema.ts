import { z } from 'zod';
import { claims, count, origin, text, texts, url } from './schema-parts.ts';
import type {
  AuditEntry,
  ClientEntry,
  GuardMode,
  GuardSettings,
  IdentitySettings,
  IssuerSettings,
  LimitSettings,
  ListenSettings,
  OwnerSettings,
  PolicyEntry,
  ResourceEntry,
  ServerEntry,
  SettingsFile,
  StateEntry,
  Tags,
  ToolSettings,
} from './settings-file.ts';
import {
  agents,
  authorizationServer,
  introspection,
  proof,
  providerKind,
  spiffe,
  store,
  tasks,
  tls,
  upstreamAuth,
  vault,
} from './settings-identity-schema.ts';

const jsonPointer = /^(\/([^~]|~[01])*)*$/;

const tags: z.ZodType<Tags> = texts;

const listen: z.ZodType<ListenSettings> = z.strictObject({
  host: text
    .default('127.0.0.1')
    .describe(
      'Address to listen on. Any other than this machine itself needs `identity.issuers` and an https `publicUrl`.',
    ),
  port: z.int().min(0).max(65_535).default(7300).describe('TCP port; 0 takes any free one.'),
  publicUrl: z
    .string()
    .regex(origin, 'an origin such as https://mcp.example.com, without a path')
    .exactOptional()
    .describe('The origin clients and tokens name, when it is not `http://<host>:<port>`.'),
  allowInsecurePublicUrl: z
    .boolean()
    .default(false)
    .describe('Allows other machines to connect without TLS. Tokens then travel in the clear.'),
  allowedOrigins: z
    .array(z.string().regex(origin, 'an origin such as https://app.example.com, without a path'))
    .default([])
    .describe('Web origins whose pages may call the gateway; its own is always allowed.'),
  allowedHosts: z
    .array(text)
    .default([])
    .describe(
      'Further host names under which the gateway answers; a port may be written and does not matter.',
    ),
  tls: tls.exactOptional().describe('Serves https itself.'),
});

const tool: z.ZodType<ToolSettings> = z.strictObject({
  tags: tags.exactOptional().describe('Attributes of the tool for policies.'),
  resource: z
    .string()
    .regex(jsonPointer, 'a JSON Pointer (RFC 6901) such as /repository')
    .exactOptional()
    .describe('JSON Pointer into the arguments: the thing a call acts on becomes `server:<value>`.'),
});

const server: z.ZodType<ServerEntry> = z.strictObject({
  url: url.exactOptional().describe('Address of a server behind HTTP. Either this or `command`.'),
  transport: z
    .enum(['auto', 'http', 'sse'])
    .exactOptional()
    .describe(
      'With `url`: `http` is Streamable HTTP, `sse` the transport of 2024-11-05, `auto` (default) finds out.',
    ),
  headers: texts
    .exactOptional()
    .describe('With `url`: headers sent with every request, such as the credential of the gateway there.'),
  command: text
    .exactOptional()
    .describe('Program that is a stdio server; started once for each principal. Either this or `url`.'),
  args: z.array(z.string()).exactOptional().describe('With `command`: its arguments.'),
  env: texts
    .exactOptional()
    .describe(
      'With `command`: environment variables. Beside them a server gets `PATH`, `HOME` and the like, nothing else.',
    ),
  cwd: text
    .exactOptional()
    .describe('With `command`: working directory; default is the directory of this file.'),
  tags: tags.exactOptional().describe('Attributes of the server for policies.'),
  tools: z
    .record(z.string(), tool)
    .exactOptional()
    .describe('What you know of its tools, by their own names.'),
  timeoutSeconds: count
    .exactOptional()
    .describe('How long a call may take; default and most is `limits.callSeconds`.'),
  era: z
    .enum(['auto', 'modern', 'legacy'])
    .exactOptional()
    .describe('`modern` is MCP 2026-07-28, `legacy` what came before, `auto` (default) asks the server.'),
  auth: upstreamAuth.exactOptional().describe('With `url`: whose credential goes to the server.'),
});

const client: z.ZodType<ClientEntry> = z.looseObject({
  type: z.string().exactOptional().describe('`stdio`, `http`, `streamable-http` or `sse`.'),
  command: text.exactOptional().describe('Program of a stdio server.'),
  args: z.array(z.string()).exactOptional(),
  env: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).exactOptional(),
  cwd: text.exactOptional(),
  url: url.exactOptional().describe('Address of a server behind HTTP.'),
  headers: texts.exactOptional(),
  disabled: z.boolean().exactOptional().describe('A disabled server is left out.'),
});

const resource: z.ZodType<ResourceEntry> = z.strictObject({ tags });

const owner: z.ZodType<OwnerSettings> = z.strictObject({
  enabled: z
    .boolean()
    .default(true)
    .describe('Whether the person who starts the gateway gets tokens from it.'),
  roles: z.array(text).default(['owner']).describe('Roles of the owner in policies.'),
  tokenMinutes: count.max(43_200).default(720).describe('How long an owner token is valid, in minutes.'),
});

const issuer: z.ZodType<IssuerSettings> = z.strictObject({
  issuer: url.describe('The `iss` of its tokens, exactly.'),
  jwksUri: url.exactOptional().describe('Where its keys are; default is what its metadata says.'),
  audiences: z
    .array(text)
    .min(1)
    .exactOptional()
    .describe('Audiences accepted beside the resource URI of the endpoint.'),
  algorithms: z
    .array(z.enum(['ES256', 'ES384', 'RS256', 'PS256', 'EdDSA']))
    .min(1)
    .exactOptional()
    .describe('Signature algorithms accepted; default is those of the provider, or all that are known.'),
  allowPlainJwt: z
    .boolean()
    .default(false)
    .describe('Takes tokens that do not say `typ: at+jwt` (RFC 9068), for an issuer that cannot.'),
  claims: claims.prefault({}).describe('Which claims say what.'),
  provider: providerKind.default('generic').describe('Product, whose quirks are then filled in.'),
  introspection: introspection
    .exactOptional()
    .describe('Asks the issuer about opaque tokens (RFC 7662); for one issuer at most.'),
  identityAssertions: z
    .boolean()
    .default(false)
    .describe('Takes its identity assertions (ID-JAG) at the embedded authorization server.'),
});

const identity: z.ZodType<IdentitySettings> = z.strictObject({
  owner: owner.prefault({}).describe('The person who starts the gateway.'),
  issuers: z.array(issuer).default([]).describe('Issuers of JWT access tokens.'),
  scopes: z.array(text).default([]).describe('Scopes that every token must carry.'),
  proof: proof.prefault({}).describe('Proof of possession of bound tokens.'),
});

const policy: z.ZodType<PolicyEntry> = z.strictObject({
  files: z
    .array(text)
    .min(1)
    .exactOptional()
    .describe(
      'Cedar files; `*` and `**` are understood. Without it the owner may call everything, nobody else.',
    ),
  timezone: text
    .default('UTC')
    .describe('IANA name of the zone in which policies read the time of day, such as `Europe/Berlin`.'),
});

const mode: z.ZodType<GuardMode> = z.enum(['enforce', 'note', 'off']);

const guard: z.ZodType<GuardSettings> = z.strictObject({
  hiddenText: mode
    .default('enforce')
    .describe('Invisible characters in descriptions and results: removed, only noted, or not looked for.'),
  secrets: mode
    .default('enforce')
    .describe('Secrets in arguments: the call is refused, only noted, or not looked at.'),
});

const audit: z.ZodType<AuditEntry> = z.strictObject({
  directory: text.exactOptional().describe('Directory of the log; default is `audit` in `state.directory`.'),
  sync: z
    .enum(['strict', 'relaxed'])
    .default('strict')
    .describe('`strict`: a result leaves when its record is on disk. `relaxed`: it may leave before.'),
});

const state: z.ZodType<StateEntry> = z.strictObject({
  directory: text
    .exactOptional()
    .describe('Directory of keys and state; default is `$BARTIZAN_HOME`, else `~/.bartizan`.'),
});

const limits: z.ZodType<LimitSettings> = z.strictObject({
  bodyBytes: count.default(4_194_304).describe('Largest request body.'),
  resultBytes: count.default(16_777_216).describe('Largest message of a server.'),
  jsonDepth: count.max(1_000).default(64).describe('Deepest nesting of a JSON message.'),
  headerBytes: count.default(32_768).describe('All headers of a request together.'),
  bodySeconds: count.default(30).describe('How long a request may take to arrive.'),
  stallSeconds: count.default(30).describe('How long a client may take nothing of what it is sent.'),
  keepAliveSeconds: count.default(15).describe('A quiet stream gets a comment this often.'),
  askSeconds: count
    .default(300)
    .describe('How long the user of a legacy client may take to answer a question of a server.'),
  callSeconds: count.default(60).describe('How long a call may take.'),
  callsPerPrincipal: count.default(256).describe('Calls one principal may have running.'),
  streamsPerPrincipal: count.default(32).describe('Streams one principal may have open.'),
  sessions: count.default(10_000).describe('Legacy sessions in all.'),
  sessionsPerPrincipal: count.default(64).describe('Legacy sessions of one principal.'),
  sessionIdleSeconds: count.default(1_800).describe('A legacy session ends when idle for this long.'),
  upstreams: count
    .default(256)
    .describe('Processes or sessions of one server kept at once, over all principals.'),
  upstreamIdleSeconds: count
    .default(300)
    .describe('A server process or session ends when idle for this long.'),
});

/** Reads `bartizan.yaml` once its references are expanded. */
export const settingsFileSchema: z.ZodType<SettingsFile> = z.strictObject({
  $schema: z.string().exactOptional().describe('Address of this schema, for editors.'),
  apiVersion: z.literal('bartizan/v1').default('bartizan/v1').describe('Version of this file format.'),
  listen: listen.prefault({}).describe('Where clients reach the gateway.'),
  servers: z
    .record(z.string(), server)
    .default({})
    .describe('The MCP servers to protect, by an id of your choice.'),
  mcpServers: z
    .record(z.string(), client)
    .default({})
    .describe("The same in the shape of a client's own file, taken verbatim."),
  resources: z
    .record(z.string(), resource)
    .default({})
    .describe(
      'Attributes of resources for policies, by `server:id`, with one `*` at the end or the start if need be.',
    ),
  identity: identity.prefault({}).describe('Who may call.'),
  authorizationServer: authorizationServer.prefault({}).describe('The embedded authorization server.'),
  agents: agents.default([]).describe('Agents known without registration; the first that matches counts.'),
  tasks: tasks.prefault({}).describe('Ephemeral identities: one for each task.'),
  spiffe: spiffe.exactOptional().describe('Identity of workloads by SPIFFE.'),
  policy: policy.prefault({}).describe('What callers may do.'),
  guard: guard.prefault({}).describe('What is looked for in content.'),
  audit: audit.prefault({}).describe('Where decisions are recorded.'),
  state: state.prefault({}).describe('Where the gateway keeps its state.'),
  store: store.prefault({}).describe('Where state is that replicas share.'),
  vault: vault.prefault({}).describe('What protects the credentials of users.'),
  limits: limits.prefault({}).describe('Bounds of size, time and number.'),
});
