import type { Report } from '../../model/report.ts';
import type { Subject } from '../../model/subject.ts';
import type { Clock } from '../../pipeline/ports.ts';
import type { Documents, TaskLedger } from '../../pipeline/store-ports.ts';
import type { TokenFailure } from '../failure.ts';
import type { Revocations } from '../revocation/revocations.ts';
import type { Signer } from '../server/signer.ts';
import type { AgentRules } from './agents.ts';

/** What {@link createTokenExchange} is made of. */
export interface TokenExchangeOptions extends AgentRules {
  readonly signer: Signer;
  readonly ledger: TaskLedger;
  readonly documents: Documents;
  readonly revocations: Pick<Revocations, 'isRevoked' | 'stale'>;
  readonly clock: Pick<Clock, 'now' | 'uuid'>;
  /**
   * Verifies a subject or actor token: an access token of our own server or of a configured issuer, or an ID token of the
   * login provider. Proofs are not asked for: the sender proves another key.
   */
  readonly verifySubject: (token: string, type: SubjectTokenType) => Promise<Subject | TokenFailure>;
  /** The part of these action patterns that a subject could be permitted, with the digests of tools. */
  readonly entitle: (
    subject: Subject,
    patterns: readonly string[],
    peer: string,
  ) => Promise<readonly Entitled[]>;
  /** The resources that tokens can be for, `<origin>/mcp` first: the one that is meant when none is named. */
  readonly resources: () => readonly string[];
  readonly defaultSeconds: number;
  readonly maxSeconds: number;
  /** How often a task may be handed on. */
  readonly maxDepth: number;
  /** How long the record of a task is kept after its end, in milliseconds. Default one hour. */
  readonly keepMs?: number;
  readonly report: Report;
}

/** RFC 8693 section 3. */
export type SubjectTokenType =
  | 'urn:ietf:params:oauth:token-type:access_token'
  | 'urn:ietf:params:oauth:token-type:jwt'
  | 'urn:ietf:params:oauth:token-type:id_token';

/** An action that a subject could be permitted; `digest` is that of the tool. */
export interface Entitled {
  readonly action: string;
  readonly digest?: string;
}
