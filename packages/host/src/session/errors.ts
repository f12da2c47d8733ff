/** The target is spelt wrong or names something that is not on this machine (a key file, a directory). */
export class TargetError extends Error {
  override readonly name = "TargetError";
  readonly hint: string | undefined;
  constructor(message: string, options?: ErrorOptions & { readonly hint?: string }) {
    super(message, options);
    this.hint = options?.hint;
  }
}

/** The target could not be reached, or what answered there is not a Sonde agent that takes us in. */
export class ConnectError extends Error {
  override readonly name = "ConnectError";
  readonly hint: string | undefined;
  constructor(message: string, options?: ErrorOptions & { readonly hint?: string }) {
    super(message, options);
    this.hint = options?.hint;
  }
}
