import { type SyscallArgument } from "../system.js";
import { type Koffi } from "./koffi-binding.js";

type NativeFunction = (...args: readonly unknown[]) => number | bigint;

/** System calls through libc's syscall(2): the result, or the negated errno. */
export type Syscall = (
  number: number,
  a?: SyscallArgument,
  b?: SyscallArgument,
  c?: SyscallArgument,
  d?: SyscallArgument,
  e?: SyscallArgument,
  f?: SyscallArgument,
) => number;

const bitsPerShape = 6;

/**
 * syscall(2) is variadic in C, but its arguments go into the same registers as those of a function with a fixed list,
 * and koffi calls such a function six times faster: so it is declared once for every shape of arguments (how many, and
 * which of them are buffers) that turns up.
 */
export function createSyscall(koffi: Koffi): Syscall {
  const libc = koffi.load(null);
  const shapes: (NativeFunction | undefined)[] = [];

  function declare(count: number, buffers: number): NativeFunction {
    const types = Array.from({ length: count }, (_, index) =>
      ((buffers >> index) & 1) === 1 ? "void *" : "intptr",
    );
    return libc.func("syscall", "long", ["long", ...types]);
  }

  return (number, a, b, c, d, e, f) => {
    const count = countArguments(a, b, c, d, e, f);
    const buffers =
      isBuffer(a) |
      (isBuffer(b) << 1) |
      (isBuffer(c) << 2) |
      (isBuffer(d) << 3) |
      (isBuffer(e) << 4) |
      (isBuffer(f) << 5);
    const shape = (count << bitsPerShape) | buffers;
    const call = (shapes[shape] ??= declare(count, buffers));
    const result = Number(invoke(call, count, number, a, b, c, d, e, f));
    // The errno is the thread's own: nothing may come between the call and this.
    return result === -1 ? -koffi.errno() : result;
  };
}

function isBuffer(argument: SyscallArgument | undefined): 0 | 1 {
  return typeof argument === "object" ? 1 : 0;
}

/** Spelled out, as is `invoke`: an array of the arguments would cost more than the call's own overhead. */
function countArguments(
  a: unknown,
  b: unknown,
  c: unknown,
  d: unknown,
  e: unknown,
  f: unknown,
): number {
  if (a === undefined) return 0;
  if (b === undefined) return 1;
  if (c === undefined) return 2;
  if (d === undefined) return 3;
  if (e === undefined) return 4;
  return f === undefined ? 5 : 6;
}

function invoke(
  call: NativeFunction,
  count: number,
  number: number,
  a: unknown,
  b: unknown,
  c: unknown,
  d: unknown,
  e: unknown,
  f: unknown,
): number | bigint {
  switch (count) {
    case 0:
      return call(number);
    case 1:
      return call(number, a);
    case 2:
      return call(number, a, b);
    case 3:
      return call(number, a, b, c);
    case 4:
      return call(number, a, b, c, d);
    case 5:
      return call(number, a, b, c, d, e);
    default:
      return call(number, a, b, c, d, e, f);
  }
}
