/** Debug information that cannot be understood; the message says what, and where. */
export class DwarfError extends Error {
  override readonly name = "DwarfError";
}
