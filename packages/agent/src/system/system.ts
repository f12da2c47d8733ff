/**
 * All that the agent's core sees of the machine it runs on: raw system calls, native memory, readiness, timers and a
 * log. One implementation for Node (`system/node/`, koffi and ws), one later for the micro agent. Small and honest:
 * whatever can be made of system calls (files, random bytes, ioctls, clocks) is made of them in the core.
 */
export interface System {
  readonly machine: Machine;

  /**
   * A system call by number. Numbers are passed as machine words; a Uint8Array as the address of its first byte, valid
   * during the call only. Gives the call's result, or the negated errno (-1 to -4095).
   */
  syscall(number: number, ...args: readonly SyscallArgument[]): number;

  /**
   * The address of a buffer's first byte, for pointers inside other buffers. The bytes do not move; whoever passes the
   * address on keeps a reference to the buffer until the kernel is done with it.
   */
  addressOf(bytes: Uint8Array): bigint;

  /** mmap(2) of a file descriptor; the negated errno when the kernel refuses. */
  map(request: MapRequest): NativeMapping | number;

  /** Watches a descriptor until `close`: calls back while it is readable (level-triggered), unless paused. */
  watch(fd: number, onReadable: () => void): Watch;

  /** close(2) of descriptors one after the other, off the main loop (each may take the kernel 70 ms). */
  closeInBackground(fds: readonly number[]): Promise<void>;

  /** Calls back once, after so many milliseconds. */
  after(milliseconds: number, callback: () => void): Timer;

  /** A monotonic clock, in milliseconds, with fractions. */
  now(): number;

  /** One line for the person who runs the agent (standard error; never standard output). */
  log(line: string): void;

  /**
   * Starts a program, found by PATH, in a process group of its own, with nothing to read. Left out where the system cannot
   * start programs. Throws StartError.
   */
  startProgram?(argv: readonly string[], receiver: ProgramReceiver): StartedProgram;
}

/** What is heard of a program that was started. */
export interface ProgramReceiver {
  onOutput(from: "output" | "errors", bytes: Uint8Array): void;
  /** It has ended, and its output too. `signal` is the name of the one that ended it, else "". */
  onEnd(status: { readonly code: number; readonly signal: string }): void;
}

export interface StartedProgram {
  readonly pid: number;
  /** Takes no more of its output until `resume`: it then waits when it writes. */
  pause(): void;
  resume(): void;
  /** To it and all that it has started. Does nothing once it has ended. */
  signal(name: "SIGTERM" | "SIGKILL" | "SIGCONT"): void;
}

/** A program could not be started; the message is the system's. */
export class StartError extends Error {
  override readonly name = "StartError";
}

/** What is fixed at build or start: the agent's own process, not the kernel. */
export interface Machine {
  readonly architecture:
    | "x64"
    | "arm64"
    | "arm"
    | "ia32"
    | "riscv64"
    | "mips"
    | "mipsel"
    | "ppc64"
    | "s390x"
    | "loong64";
  readonly isLittleEndian: boolean;
  /** Of this process, in bytes; the kernel's may be 8 when this is 4. */
  readonly pointerSize: 4 | 8;
}

export type SyscallArgument = number | bigint | Uint8Array;

export interface MapRequest {
  readonly fd: number;
  readonly offset: number;
  readonly lengthBytes: number;
  readonly isWritable: boolean;
}

/** A view of mapped memory. Touching `bytes` (or a view made of it) after `close` is a segmentation fault. */
export interface NativeMapping {
  readonly bytes: Uint8Array;
  close(): void;
}

export interface Watch {
  /** No calls until `resume`. */
  pause(): void;
  resume(): void;
  /** Idempotent. The descriptor itself stays open. */
  close(): void;
}

export interface Timer {
  /** Idempotent. */
  cancel(): void;
}
