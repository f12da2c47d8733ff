/** An object is malformed, or cannot be loaded as it is. */
export class ObjectError extends Error {
  override readonly name: string = "ObjectError";
  /** What to do about it. */
  readonly hint: string | undefined;

  constructor(message: string, options: ErrorOptions & { readonly hint?: string } = {}) {
    super(message, options);
    this.hint = options.hint;
  }
}

/** The object is as it should be, and the target lacks what it needs. */
export class LackingError extends ObjectError {
  override readonly name = "LackingError";
}
