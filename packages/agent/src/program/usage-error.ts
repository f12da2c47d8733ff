/** The command line, or a file that it names, is wrong; the message says where. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}
