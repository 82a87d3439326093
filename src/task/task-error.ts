/** A task could not be opened, or one of its requests could not be made. */
export class TaskError extends Error {
  /** The OAuth error code, such as `invalid_authorization_details`; `discovery_failed` before the token endpoint. */
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(`${code}: ${message}`, options);
    this.name = 'TaskError';
    this.code = code;
  }
}
