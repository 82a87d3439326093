import type { IncomingMessage } from 'node:http';
import type { Report } from '../../model/report.ts';
import type { Subject } from '../../model/subject.ts';
import type { Clock, Identity, PeerCertificate } from '../../pipeline/ports.ts';
import type { Documents, TaskLedger } from '../../pipeline/store-ports.ts';
import type { Revocations } from '../revocation/revocations.ts';
import type { EndTask } from './end-task.ts';

/** What `createTaskPages` is made of. */
export interface TaskPagesOptions {
  /** The public origin of the gateway, such as `https://gateway.example`. */
  readonly origin: string;
  readonly identify: Identity['identify'];
  /** The resources of the gateway: a token for any of them is good here, as is one for `<origin>/tasks`. */
  readonly resources: () => readonly string[];
  readonly documents: Documents;
  readonly ledger: Pick<TaskLedger, 'state'>;
  readonly revocations: Pick<Revocations, 'bump' | 'isRevoked' | 'stale'>;
  readonly end: EndTask;
  readonly clock: Pick<Clock, 'now'>;
  /** Roles whose holders see and end everything. Default `owner`. */
  readonly operatorRoles?: readonly string[];
  /** The certificate that the peer proved the key of in the TLS handshake. */
  readonly peerCertificate?: (request: IncomingMessage) => PeerCertificate | undefined;
  readonly report: Report;
}

/** One request that somebody known has made. */
export interface PageRequest {
  readonly options: TaskPagesOptions;
  readonly subject: Subject;
  /** Sees and ends everything. INVARIANT: never by a task token, whoever its user is: an agent is no operator. */
  readonly operator: boolean;
  readonly request: IncomingMessage;
  readonly query: URLSearchParams;
}

/** Whether the token was granted for a task: its holder may do what the task is for, and nothing with tasks beyond it. */
export function isTaskToken({ task }: Subject): boolean {
  return task !== undefined && task.implicit !== true;
}
