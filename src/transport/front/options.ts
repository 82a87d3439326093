import type { JsonObject } from '../../model/json.ts';
import type { Clock, Enforce, Front, Identity } from '../../pipeline/ports.ts';
import type { Codec } from '../../wire/codec.ts';
import type { FrontLimits } from './limits.ts';

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
  readonly limits?: Partial<FrontLimits>;
  /** Hears of a fault of the front itself, whose request got an `internal_fault` that no record tells of. */
  readonly onFault?: (fault: unknown) => void;
}
