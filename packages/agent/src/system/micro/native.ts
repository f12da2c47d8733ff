import { type SyscallArgument } from "../system.js";

/** What packages/agent/native/runtime.c gives the micro agent, as the global `native`. */
export interface Native {
  /** The command line, without the program. */
  readonly arguments: readonly string[];
  /** In Node's spelling. */
  readonly architecture: string;
  readonly pointerSize: number;
  /** The result, or the negated errno. */
  syscall(number: number, ...args: readonly SyscallArgument[]): number;
  addressOf(bytes: Uint8Array): bigint;
  /** mmap(2): a buffer on the mapping itself, or the negated errno. */
  map(
    lengthBytes: number,
    protection: number,
    flags: number,
    fd: number,
    offset: number,
  ): ArrayBuffer | number;
  /** munmap(2): the buffer is empty from here on. */
  unmap(buffer: ArrayBuffer): void;
  /** SHA-256's compression, of so many whole blocks from the start of the bytes. */
  readonly compressBlocks: (
    state: Int32Array,
    constants: Int32Array,
    bytes: Uint8Array,
    count: number,
  ) => void;
  /** What a part of the program exports that is not read at the start (scripts/micro/parts.js). */
  load(part: string): Readonly<Record<string, unknown>>;
  /** Called by the loop, again and again; what has been promised runs after each call. */
  setTick(tick: () => void): void;
  /** Called when a promise is rejected that nobody handles, and when somebody handles it after all. */
  setRejectionHandler(
    handler: (promise: object, reason: unknown, isHandled: boolean) => void,
  ): void;
}
