/** The agent cannot run on this processor, C library or operating system. */
export class UnsupportedPlatformError extends Error {
  override readonly name = "UnsupportedPlatformError";
}
