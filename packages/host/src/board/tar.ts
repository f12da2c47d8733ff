/** A file in an archive. */
export interface ArchivedFile {
  /** At most 100 characters of ASCII. */
  readonly name: string;
  readonly mode: number;
  readonly bytes: Uint8Array;
}

const blockSizeBytes = 512;

/** The files as a tar archive (POSIX.1-1988, ustar), which every tar reads. */
export function createTar(files: readonly ArchivedFile[]): Uint8Array {
  const parts = files.flatMap((file) => [header(file), padded(file.bytes)]);
  return Buffer.concat([...parts, new Uint8Array(2 * blockSizeBytes)]);
}

/** The owner is left to whoever unpacks; no time, so that the same files give the same archive. */
function header({ name, mode, bytes }: ArchivedFile): Uint8Array {
  const block = Buffer.alloc(blockSizeBytes);
  block.write(name, 0, 100, "latin1");
  block.write(octal(mode, 7), 100, "latin1");
  block.write(octal(0, 7), 108, "latin1");
  block.write(octal(0, 7), 116, "latin1");
  block.write(octal(bytes.length, 11), 124, "latin1");
  block.write(octal(0, 11), 136, "latin1");
  // The checksum counts its own field as blanks.
  block.write("        ", 148, "latin1");
  block.write("0", 156, "latin1");
  block.write("ustar\u000000", 257, "latin1");
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${octal(sum, 6)}\u0000 `, 148, "latin1");
  return block;
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, "0");
}

function padded(bytes: Uint8Array): Uint8Array {
  const blocks = Math.ceil(bytes.length / blockSizeBytes);
  const whole = new Uint8Array(blocks * blockSizeBytes);
  whole.set(bytes);
  return whole;
}
