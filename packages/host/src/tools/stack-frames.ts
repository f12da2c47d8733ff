import { InternalError } from "../asm/internal-error.js";
import { frameName, type StackValue } from "../picture/picture-frames.js";
import { formatSource } from "../output/format-stack.js";
import { type MapEntry, type MapValue, type Value } from "../output/value.js";
import { escapeText } from "./escape-text.js";

/** Which of a thread's two stacks are shown. */
export interface ShownStacks {
  readonly user: boolean;
  readonly kernel: boolean;
}

export interface StackOptions {
  readonly userStacksOnly?: boolean;
  readonly kernelStacksOnly?: boolean;
}

export function shownStacks(options: StackOptions): ShownStacks {
  return { user: options.kernelStacksOnly !== true, kernel: options.userStacksOnly !== true };
}

/** "user + kernel", as headers say it. */
export function describeStacks({ user, kernel }: ShownStacks): string {
  return user && kernel ? "user + kernel" : user ? "user" : "kernel";
}

/** The builtins of the stacks that are shown, as parts of a key. */
export function stackKeys({ user, kernel }: ShownStacks): readonly string[] {
  return [...(user ? ["ustack"] : []), ...(kernel ? ["kstack"] : [])];
}

/** How the frames of a stack are written. */
export interface FrameStyle {
  readonly indent: number;
  /** With their addresses before them. */
  readonly showsAddresses?: boolean;
  /** With "_[k]" behind those of the kernel. */
  readonly marksKernel?: boolean;
  /** With "+0x12" behind them. */
  readonly showsOffsets?: boolean;
}

/** A stack's lines, from the innermost frame. */
export function frameLines(stack: StackValue | undefined, style: FrameStyle): readonly string[] {
  if (stack === undefined) return [];
  return stack.frames.map((frame) => {
    const { address, symbol } = frame;
    const offset =
      style.showsOffsets === true && symbol !== undefined ? `+0x${symbol.offset.toString(16)}` : "";
    const mark = style.marksKernel === true && stack.space === "kernel" ? "_[k]" : "";
    const digits = style.showsAddresses === true ? `${address.toString(16).padEnd(16)} ` : "";
    return `${" ".repeat(style.indent)}${digits}${escapeText(frameName(frame, stack.space))}${offset}${escapeText(formatSource(frame))}${mark}`;
  });
}

/** A stack's names for JSON, from the innermost frame. */
export function frameNames(stack: StackValue | undefined): readonly string[] {
  return (stack?.frames ?? []).map(
    (frame) => frameName(frame, stack?.space ?? "user") + formatSource(frame),
  );
}

/** Takes a key apart, from its front. */
export class KeyReader {
  readonly #key: readonly Value[];
  #at = 0;

  constructor({ key }: Pick<MapEntry, "key">) {
    this.#key = key;
  }

  text(): string {
    const value = this.#next();
    if (value.kind === "string" || value.kind === "text") return value.value;
    throw new InternalError(`a key has a ${value.kind} where a name was expected`);
  }

  integer(): bigint {
    const value = this.#next();
    if (value.kind !== "integer") throw new InternalError(`a key has a ${value.kind} for a number`);
    return value.value;
  }

  stack(): StackValue {
    const value = this.#next();
    if (value.kind !== "stack") throw new InternalError(`a key has a ${value.kind} for a stack`);
    return value;
  }

  /** Those of a thread, in the order of `stackKeys`. */
  stacks({ user, kernel }: ShownStacks): {
    readonly user: StackValue | undefined;
    readonly kernel: StackValue | undefined;
  } {
    return {
      user: user ? this.stack() : undefined,
      kernel: kernel ? this.stack() : undefined,
    };
  }

  #next(): Value {
    const value = this.#key[this.#at++];
    if (value === undefined) throw new InternalError("a key has fewer parts than expected");
    return value;
  }
}

/** The number that a count or a sum came to. */
export function numberOf(value: MapValue): bigint {
  if (value.kind === "number") return value.value;
  if (value.kind === "plain" && value.value.kind === "integer") return value.value.value;
  throw new InternalError(`a map holds a ${value.kind} where a number was expected`);
}
