import { type Machine, type System, type SyscallArgument } from "../system/system.js";
import { type ErrnoName, errnoNumbers, type ErrnoNumbers, formatErrno } from "./errno.js";
import { type RefusalOptions, SyscallError } from "./errors.js";
import { type OpenFlags, openFlags } from "./open-flags.js";
import {
  type SyscallName,
  syscallNumbers,
  type SyscallNumbers,
} from "../system/syscall-numbers.js";

/** The system's calls by name, with this architecture's numbers. */
export class Kernel {
  readonly system: System;
  readonly machine: Machine;
  readonly isLittleEndian: boolean;
  readonly errno: ErrnoNumbers;
  readonly openFlags: OpenFlags;
  readonly #numbers: SyscallNumbers;

  constructor(system: System) {
    this.system = system;
    this.machine = system.machine;
    this.isLittleEndian = system.machine.isLittleEndian;
    this.errno = errnoNumbers(system.machine.architecture);
    this.openFlags = openFlags(system.machine.architecture);
    this.#numbers = syscallNumbers[system.machine.architecture];
  }

  /** The call's result, or the negated errno. */
  call(name: SyscallName, ...args: readonly SyscallArgument[]): number {
    return this.system.syscall(this.#numbers[name], ...args);
  }

  /** The call's result; throws SyscallError, whose message begins with the action. */
  require(action: string, name: SyscallName, ...args: readonly SyscallArgument[]): number {
    return this.check(action, name, this.call(name, ...args));
  }

  /** Gives a result back, or throws it as a SyscallError when it is a negated errno. */
  check(action: string, syscall: string, result: number, options?: RefusalOptions): number {
    if (result >= 0) return result;
    throw this.failure(action, syscall, -result, options);
  }

  failure(action: string, syscall: string, errno: number, options?: RefusalOptions): SyscallError {
    const errnoName = formatErrno(this.errno, errno);
    return new SyscallError({ action, syscall, errno, errnoName }, options);
  }

  /** Whether a result is one of these errors. */
  isErrno(result: number, ...names: readonly ErrnoName[]): boolean {
    return result < 0 && names.some((name) => this.errno[name] === -result);
  }

  /** 64-bit seconds where the process is a 32-bit one and the kernel has the newer call (5.1). */
  clockGettime64(clock: number, timespec: Uint8Array): number {
    const number = this.#numbers.clock_gettime64;
    return number === undefined ? -this.errno.ENOSYS : this.system.syscall(number, clock, timespec);
  }

  view(bytes: Uint8Array): DataView {
    return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  addressOf(bytes: Uint8Array): bigint {
    return this.system.addressOf(bytes);
  }
}
