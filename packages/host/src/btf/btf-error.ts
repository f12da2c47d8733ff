/** BTF data is malformed, or is asked for something that it does not have. The only error of this folder. */
export class BtfError extends Error {
  override readonly name = "BtfError";
}
