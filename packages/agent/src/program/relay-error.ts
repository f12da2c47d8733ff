/** No agent is there to connect to, and none could be started. */
export class RelayError extends Error {
  override readonly name = "RelayError";
  readonly hint: string | undefined;
  constructor(message: string, options: ErrorOptions & { readonly hint?: string } = {}) {
    super(message, options);
    this.hint = options.hint;
  }
}

/** Another agent serves this socket, or is about to. */
export class RelayHeldError extends Error {
  override readonly name = "RelayHeldError";
}
