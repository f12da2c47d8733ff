/** A relocation is malformed, or cannot be decided. The only error of this folder, beside BtfError of the types it asks. */
export class CoreRelocationError extends Error {
  override readonly name = "CoreRelocationError";
}
