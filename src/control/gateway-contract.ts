import type { Report } from '../model/report.ts';
import type { Ports } from '../pipeline/ports.ts';
import type { Settings } from './settings.ts';

/** A gateway that runs, as the command line sees it. */
export interface Gateway {
  /** Its origin, such as `http://127.0.0.1:7300`. */
  readonly url: string;
  /** The MCP endpoint of each server, by id; the endpoint of all together is `<url>/mcp`. */
  readonly endpoints: Readonly<Record<string, string>>;
  /** A token for the owner and every endpoint; undefined when `identity.owner` is off. */
  readonly token: OwnerToken | undefined;
  /** A one-time link by which the owner sets up a login; undefined where there is one, or none is wanted. */
  readonly setupLink: () => Promise<string | undefined>;
  /** Takes new settings into use, all or none; rejects when they cannot be, and then nothing has changed. */
  readonly reload: (settings: Settings) => Promise<void>;
  /** Lets calls end, then closes every connection and process. */
  readonly stop: () => Promise<void>;
}

/** An access token for the owner. */
export interface OwnerToken {
  readonly value: string;
  /** The resource it is for (RFC 8707). */
  readonly resource: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

/** What the command line asks for when it wants a token. */
export interface TokenOrder {
  /** The endpoint the token is for; undefined: the endpoint of all servers. */
  readonly resource?: string;
  readonly minutes?: number;
}

/** What `gateway.ts`, the composition root, offers to the command line. */
export interface GatewayModule {
  /** Starts a gateway; rejects when it cannot listen or a policy cannot be used. */
  readonly startGateway: (settings: Settings, options: StartOptions) => Promise<Gateway>;
  /** What is wrong with settings beyond their form, such as a policy that does not parse: `file:line:column: message`. */
  readonly checkSettings: (settings: Settings) => Promise<readonly string[]>;
  /** Issues a token for the owner of the state directory; a gateway need not run. Rejects when `identity.owner` is off. */
  readonly issueOwnerToken: (settings: Settings, order: TokenOrder) => Promise<OwnerToken>;
}

/** How a gateway is started. */
export interface StartOptions {
  /** Hears of what the operator may want to know. */
  readonly report?: Report;
  /** Takes the place of the gateway's own adapters. They serve every configuration, also after a reload. */
  readonly adapters?: Adapters;
}

/**
 * The ports that an embedder may fill. The suites in `bartizan/testing` say what the gateway expects of them; the order
 * of the stages that use them cannot be changed.
 */
export type Adapters = Partial<Pick<Ports, 'identity' | 'policy' | 'tagger' | 'guard' | 'broker'>>;
