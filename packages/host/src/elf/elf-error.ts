/** A file is not an ELF file that can be read, or is cut short. The only error of this folder, beside the reader's own. */
export class ElfError extends Error {
  override readonly name = "ElfError";
}
