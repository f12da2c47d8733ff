/** A fault of ours: no input of a user's should be able to cause it. */
export class InternalError extends Error {
  override readonly name = "InternalError";

  constructor(message: string, options?: ErrorOptions) {
    super(`${message} (this is a fault in sonde, please report it)`, options);
  }
}

/** Ends an exhaustive switch: reaching it is a fault of ours. */
export function assertNever(value: never): never {
  throw new InternalError(`unexpected ${JSON.stringify(value)}`);
}
