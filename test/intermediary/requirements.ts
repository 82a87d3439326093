/** One promise of an intermediary: what a specification or this project demands of it. */
export interface Requirement {
  readonly id: string;
  /** The clause it comes from: a page of the MCP specification of 2026-07-28, an RFC, or `own` with the reason. */
  readonly source: string;
  readonly behaviour: string;
  /** Whether a test of this suite must cite it. */
  readonly covered: boolean;
  /** Why no test cites it yet. */
  readonly reason?: string;
}

function row(id: string, source: string, behaviour: string): Requirement {
  return { id, source, behaviour, covered: true };
}

function later(id: string, source: string, behaviour: string, reason: string): Requirement {
  return { id, source, behaviour, covered: false, reason };
}

/** Every requirement on an MCP intermediary that this project knows, whether tested here or not. */
export const requirements: readonly Requirement[] = [
  row(
    'T1',
    'basic/transports/streamable-http',
    'one MCP endpoint takes POST alone; GET and DELETE without a session get 405',
  ),
  row(
    'T2',
    'streamable-http, "Security & Endpoint"',
    'a foreign `Origin`, and on a loopback listener a foreign `Host`, get 403',
  ),
  row(
    'T3',
    'streamable-http, "Server Validation"',
    'a missing, repeated or disagreeing `MCP-Protocol-Version`, `Mcp-Method` or `Mcp-Name` gets 400 with -32020',
  ),
  row(
    'T4',
    'streamable-http, "Value Encoding"',
    'header values in the base64 form are decoded before they are compared; invalid ones are refused; every other form stands for itself',
  ),
  row(
    'T5',
    'streamable-http, "Server Behavior for Custom Headers"',
    '`Mcp-Param-*` headers agree with the arguments of a known tool; unknown ones are forwarded and otherwise ignored',
  ),
  row(
    'T6',
    'streamable-http, "Server Validation"; SEP-2243, "Security"',
    'nothing is decided by headers alone: the body decides, and a request of an older version that carries policy-relevant headers must agree with them',
  ),
  row(
    'T7',
    'basic/versioning',
    'an unsupported protocol version gets 400 with -32022 and the supported ones',
  ),
  row('T8', 'streamable-http, "Protocol Version Header"', 'an unknown method gets 404 with -32601'),
  row(
    'T9',
    'basic, "_meta"',
    'missing `_meta` members get 400 with -32602; a missing client capability gets 400 with -32021',
  ),
  row(
    'T10',
    'basic, "Error Codes"',
    "of the reserved codes only those the specification defines are emitted; the gateway's own lie outside -32768..-32000",
  ),
  row(
    'T11',
    'basic, "Messages"; CVE-2026-27896; GHSA-q382-vc8q-7jhj',
    'ambiguous JSON and ambiguous HTTP are refused, and nothing of them reaches the upstream',
  ),
  row(
    'T12',
    'own: extensions and forward compatibility',
    'what is not changed is forwarded byte for byte: unknown members, big numbers, escapes, order, white space',
  ),
  row(
    'T13',
    'streamable-http, "Sending Messages"',
    'bodies are `application/json` alone; both answer types are accepted from upstreams',
  ),
  row(
    'T14',
    'streamable-http, "Receiving Messages"',
    'event streams are not held back; only messages of the call travel on its stream; no server requests reach a modern client',
  ),
  row(
    'T15',
    'basic/patterns/cancellation; 2025-11-25 transports',
    'a modern client that goes away cancels its call at the upstream; a legacy one does not',
  ),
  row(
    'T16',
    'basic/patterns/cancellation, "Timeouts"',
    'a call ends after its longest time, whatever progress it reports',
  ),
  row(
    'D1',
    'server/discover',
    "`server/discover` names the gateway's own revisions and the capabilities it polices",
  ),
  row(
    'D2',
    'server/tools, "Capabilities"',
    'a list varies by the authorization of its caller alone, in a stable order',
  ),
  row(
    'D3',
    'server/tools, "Error Handling"; own: no enumeration',
    'a hidden tool and an unknown one are answered alike',
  ),
  row(
    'D4',
    'streamable-http, "Schema Extension"',
    'a tool with invalid `x-mcp-header` annotations is left out',
  ),
  row(
    'D5',
    'streamable-http, "Client Behavior"',
    'mirrored headers are made anew for the upstream from what the upstream is sent',
  ),
  row(
    'D6',
    'server/tools, "Tool Names"',
    'names of several upstreams do not collide, and do not hang on what a server calls itself',
  ),
  later(
    'D7',
    'own: runtime drift',
    'descriptions are pinned; a change holds the tool back',
    'tool pinning is a later milestone',
  ),
  later(
    'D8',
    'server/tools, "Tool"',
    'annotations of an untrusted server decide nothing',
    'annotations are read by no rule yet',
  ),
  later(
    'D9',
    'basic, "JSON Schema Reference Resolution"',
    'no schema reference is fetched, and schemas are bounded',
    'tool schemas are forwarded and not evaluated',
  ),
  row(
    'K1',
    'server/utilities/caching',
    'the six cacheable results carry `ttlMs` and `cacheScope`; `input_required` carries neither',
  ),
  row(
    'K2',
    'server/utilities/caching',
    'what was filtered or decided for one principal is `private`, on every page',
  ),
  row(
    'K3',
    'server/utilities/caching, "Cache Key"',
    'nothing is served from a cache across authorization contexts',
  ),
  row(
    'K4',
    'server/utilities/caching; own',
    'a new policy counts at once, and change streams that the old one allowed end',
  ),
  row(
    'M1',
    'basic/patterns/mrtr',
    '`input_required` passes only where it is allowed, and only with kinds the client declared',
  ),
  row(
    'M2',
    'basic/patterns/mrtr, "Security"',
    'request state is bound to its principal, request and time; anything else is refused',
  ),
  row('M3', 'own: stateless decisions', 'the policy is asked again on every retry'),
  later(
    'M4',
    'client/elicitation',
    'forms do not ask for secrets, URLs are allow-listed',
    'elicitation guards are a later milestone',
  ),
  later(
    'M5',
    'own: human approval',
    'the gateway asks for approval by elicitation',
    'approvals are a later milestone',
  ),
  row(
    'M6',
    'basic/patterns/mrtr, "Client Requirements"',
    'the upstream gets its own request state back exactly, under a new id',
  ),
  row(
    'S1',
    'basic/patterns/subscriptions',
    'the acknowledgement comes first, names the allowed subset, and every message carries the subscription id',
  ),
  row('S2', 'own: continuous verification', 'a change stream ends with the token it was opened with'),
  later(
    'X1',
    'ext-tasks',
    'tasks belong to their principal',
    'the tasks extension is a later milestone; its methods are denied (X4)',
  ),
  later('X2', 'own', 'late results of tasks pass the guards', 'the tasks extension is a later milestone'),
  later(
    'X3',
    'ext-apps',
    'domains and permissions of apps are rewritten',
    'the apps extension is a later milestone',
  ),
  row(
    'X4',
    'basic, "resultType"; versioning, "Extension Negotiation"',
    'unknown methods, extensions and result types are denied',
  ),
  row(
    'L1',
    'basic/versioning; 2025-11-25 transports',
    'legacy sessions belong to one principal; for everybody else they do not exist',
  ),
  row('L2', 'basic/versioning', 'every client era reaches every upstream era'),
  row('L3', '2024-11-05 transports', 'HTTP+SSE is served on both sides'),
  row('L4', 'basic/transports/stdio', 'stdio servers run as one process for each principal'),
  row(
    'L5',
    'basic/versioning, "Era Detection"',
    'the era of an upstream is found out; 401 and 403 say nothing of it',
  ),
  row(
    'A1',
    'RFC 9728; authorization, "Server Discovery"',
    'protected resource metadata stands at the root and below; its resource is the endpoint',
  ),
  row('A2', 'authorization, "Scope Selection"', 'a 401 names the metadata'),
  row(
    'A3',
    'authorization, "Token Handling"',
    'signature, issuer, lifetime and audience are checked on every request; a token in the query does not count',
  ),
  row(
    'A4',
    'authorization, "Scope Challenge Handling"',
    'a missing scope gets 403 with every scope that is needed',
  ),
  row(
    'A5',
    'authorization, "Access Token Privilege Restriction"',
    'no token, cookie or other header of the client reaches an upstream, and no upstream credential a client',
  ),
  later(
    'A6',
    'authorization; ext-auth',
    'upstream tokens are obtained for each principal',
    'upstream OAuth is a later milestone; credentials are static',
  ),
  later(
    'A7',
    'authorization',
    'the upstream OAuth client discovers, binds and validates as demanded',
    'upstream OAuth is a later milestone',
  ),
  later(
    'A8',
    'security best practices, "SSRF"',
    'discovered URLs are checked',
    'belongs to upstream OAuth, a later milestone',
  ),
  later(
    'A9',
    'security best practices, "Confused Deputy"',
    'per-client consent',
    'no authorization server is embedded yet',
  ),
  later(
    'A10',
    'client registration',
    'client id metadata documents are taken',
    'no authorization server is embedded yet',
  ),
  later('A11', 'RFC 9449', 'DPoP proofs are verified, and made upstream', 'a later milestone'),
  later('A12', 'RFC 7523; SPIFFE', 'workload tokens are accepted and used', 'a later milestone'),
  row(
    'A13',
    'security best practices, "State Handle Hijacking"',
    'handles and session ids authenticate nobody',
  ),
  row('A14', 'basic, "_meta"', '`clientInfo` and `serverInfo` decide nothing'),
  row(
    'G1',
    'server/tools, "Security Considerations"',
    'every decision is recorded before its result is released, with timeouts and limits',
  ),
  row('G2', 'W3C Trace Context; SEP-414', 'the trace of the caller is continued'),
  later(
    'G3',
    'own',
    'a chain of reading here and sending there is blocked',
    'information flow is a later milestone',
  ),
];
