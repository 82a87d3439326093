import type { JsonObject } from './json.ts';
import type { Primitive } from './primitive.ts';
import type { Subject } from './subject.ts';

/**
 * What is done: `server:tool` for a tool call (`github:create_pr`), else `server:method` (`github:resources/read`).
 */
export interface Action {
  readonly id: string;
  readonly method: string;
}

/** The thing acted on, with the operator's tags (NIST SP 800-162 object attributes). */
export interface Resource {
  readonly primitive: Primitive;
  /** `server:name`, or what the tool's `resource` pointer takes from the arguments: `github:acme/blue-app`. */
  readonly id: string;
  readonly tags: Readonly<Record<string, string>>;
  /**
   * The id and the tags are not all known: they hang on arguments that are not there, or do not name one resource
   * plainly. A call on such a resource is denied; a list shows what some arguments could be allowed.
   */
  readonly open?: true;
}

/** The circumstances of a call (NIST SP 800-162 environment conditions). */
export interface Environment {
  /** When the call arrived, in milliseconds since the epoch. */
  readonly instant: number;
  /** Address of the peer of the connection. */
  readonly peer: string;
}

/** The question put to the policy engine. */
export interface AccessRequest {
  readonly subject: Subject;
  readonly action: Action;
  readonly resource: Resource;
  readonly environment: Environment;
  /** The arguments of the call; undefined while a list asks what could be allowed for some arguments. */
  readonly args: JsonObject | undefined;
}

/** The policy engine's answer. Anything but `permit` refuses. */
export interface Decision {
  readonly effect: 'permit' | 'deny';
  /** Ids of the policies that decided. */
  readonly policies: readonly string[];
  /** Evaluation errors; any of them makes the effect `deny` (an erroring `forbid` must not be skipped). */
  readonly errors: readonly string[];
}
