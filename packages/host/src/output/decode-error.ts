/** A record's or a map's bytes do not fit their layout. The only error that decoders of this folder throw. */
export class DecodeError extends Error {
  override readonly name = "DecodeError";
}
