import { LimitError } from "../kernel/errors.js";
import { readAt } from "../kernel/files.js";
import { type Kernel } from "../kernel/kernel.js";
import { type OwnedFd } from "../kernel/owned-fd.js";

/** Read at a time, and the longest line. */
const usualPieceSizeBytes = 65_536;

/** What is done with the lines of a text. */
export interface LineVisitor {
  /** A line without its newline: the bytes from `start` to `end`, which change after `onPiece`. */
  onLine(bytes: Uint8Array, start: number, end: number): void;
  /** Whether the lines up to there, all of them whole, need not be visited one by one. */
  skips?(bytes: Uint8Array, end: number): boolean;
  /** The lines of a piece have been visited. */
  onPiece?(): void;
  /** Asked after each piece: whether the others need not be read. */
  readonly isDone?: boolean;
}

/**
 * Reads a text file line by line, a piece of it at a time, and never goes back: the kernel would make the text of procfs
 * anew from its start. `pause` lets others have a turn after each piece. Throws SyscallError, and LimitError for a line
 * that is longer than a piece.
 */
export async function readLines(
  kernel: Kernel,
  file: { readonly path: string; readonly fd: OwnedFd },
  visitor: LineVisitor,
  pause: () => Promise<void>,
  pieceSizeBytes = usualPieceSizeBytes,
): Promise<void> {
  const piece = new Uint8Array(pieceSizeBytes);
  /** Of a line whose end has not been read. */
  let carried = 0;
  for (let offset = 0n; ;) {
    const wanted = piece.subarray(carried);
    const length = readAt(kernel, file.path, file.fd.fd, offset, wanted);
    offset += BigInt(length);
    const end = carried + length;
    const isLast = length < wanted.length;
    const start = visitWholeLines(piece.subarray(0, end), visitor);
    if (isLast && start < end) visitor.onLine(piece, start, end);
    visitor.onPiece?.();
    if (isLast || visitor.isDone === true) return;
    if (start === 0) throw new LimitError(`read ${file.path}: a line`, pieceSizeBytes);
    piece.copyWithin(0, start, end);
    carried = end - start;
    await pause();
  }
}

/** Gives where the line begins that has no end. */
function visitWholeLines(bytes: Uint8Array, visitor: LineVisitor): number {
  const whole = bytes.lastIndexOf(0x0a) + 1;
  if (whole > 0 && visitor.skips?.(bytes, whole) === true) return whole;
  let start = 0;
  for (let end = bytes.indexOf(0x0a); end !== -1; end = bytes.indexOf(0x0a, start)) {
    visitor.onLine(bytes, start, end);
    start = end + 1;
  }
  return start;
}
