/** An address that cannot be listened on, or must not be. */
export class ListenError extends Error {
  override readonly name = "ListenError";
  readonly hint: string | undefined;
  constructor(message: string, options: ErrorOptions & { readonly hint?: string } = {}) {
    super(message, options);
    this.hint = options.hint;
  }
}
