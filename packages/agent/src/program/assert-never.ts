/** A fault of ours; please report. */
export class InternalError extends Error {
  override readonly name = "InternalError";
}

/** Makes the compiler prove that a switch is exhaustive. */
export function assertNever(value: never): never {
  throw new InternalError(`unexpected ${JSON.stringify(value)}; please report this`);
}
