/** A compressed stream that is damaged, cut short, or of a kind that we do not read. */
export class XzError extends Error {
  override readonly name = "XzError";
}
