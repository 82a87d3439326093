/** A request that cannot be served, with what its sender should know. The message never holds a secret. */
export class RequestFault extends Error {
  readonly status: number;
  /** When it makes sense to try again, in seconds. */
  readonly retryAfter: number | undefined;

  constructor(status: number, message: string, retryAfter?: number) {
    super(message);
    this.status = status;
    this.retryAfter = retryAfter;
  }
}
