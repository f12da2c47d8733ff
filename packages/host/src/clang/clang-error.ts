/** There is no clang that can be used, or it refuses the source. */
export class ClangError extends Error {
  override readonly name = "ClangError";
  readonly hint: string | undefined;
  constructor(message: string, options: ErrorOptions & { readonly hint?: string } = {}) {
    super(message, options);
    this.hint = options.hint;
  }
}
