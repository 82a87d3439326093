import type { IncomingMessage, ServerResponse } from 'node:http';
import type { JsonObject } from '../../model/json.ts';
import type { Clock, Enforce, Front, Identity, TlsIdentity } from '../../pipeline/ports.ts';
import type { Codec } from '../../wire/codec.ts';
import type { FrontLimits } from './limits.ts';

/** How the front proves itself, and whether it asks clients for a certificate. */
export interface FrontTls {
  readonly identity: TlsIdentity;
  /** Asks for a client certificate. One is never demanded here: who needs it says so in a challenge. */
  readonly askClients: boolean;
}

/** Something that answers HTTP by itself. The Host header has been checked. */
export interface Mount {
  /** Paths that equal one of these, or go on after it with `/`. */
  readonly paths: readonly string[];
  readonly serve: (request: IncomingMessage, response: ServerResponse) => void;
}

/** What the front is made of. */
export interface FrontOptions {
  readonly enforce: Enforce;
  /**
   * The same identity that `enforce` uses. It guards the messages of a legacy session that are no calls: notifications,
   * answers of the user, subscriptions, the end of the session.
   */
  readonly identify: Identity['identify'];
  readonly front: Front;
  readonly codecs: readonly Codec[];
  readonly clock: Clock;
  /** The RFC 9728 document of a resource, given its URI. */
  readonly metadata: (resource: string) => JsonObject;
  /** The address to listen on, such as `127.0.0.1`. On a loopback address the Host header is checked. */
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  /** How clients reach the gateway, such as `https://mcp.company.com`; by default the address it listens on. */
  readonly publicUrl?: string;
  /** Web origins that may call, such as `https://app.company.com`. */
  readonly allowedOrigins?: readonly string[];
  /** Host names beside the loopback ones and that of `publicUrl`. */
  readonly allowedHosts?: readonly string[];
  /** Serves https with this certificate, which may change while connections are open. */
  readonly tls?: FrontTls;
  /** Pages and endpoints beside MCP, by the beginning of their path. */
  readonly mounts?: () => readonly Mount[];
  /** Resolves when the gateway can serve; undefined: it can at once. */
  readonly ready?: Promise<unknown>;
  readonly limits?: Partial<FrontLimits>;
  /** Hears of a fault of the front itself, whose request got an `internal_fault` that no record tells of. */
  readonly onFault?: (fault: unknown) => void;
}
