/** An object is malformed, or cannot be loaded as it is. */
export class ObjectError extends Error {
  override readonly name = "ObjectError";
  /** What to do about it. */
  readonly hint: string | undefined;

  constructor(message: string, options: ErrorOptions & { readonly hint?: string } = {}) {
    super(message, options);
    this.hint = options.hint;
  }
}
