/** A login at the OpenID provider that did not work. The message is for the person; the detail for the operator. */
export class LoginFailure extends Error {
  readonly detail: string;

  constructor(message: string, detail: string) {
    super(message);
    this.detail = detail;
  }
}
