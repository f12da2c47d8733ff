import { type AttachPointContext } from "./attach-point-context.js";

/**
 * Whether a uprobe may go to a place in a file, which must be where an instruction begins: in the middle of one, it would make
 * another of it, and the program that comes by would crash or, worse, go on. The kernel does not look. Reports why not, and
 * where it cannot be told.
 */
export function mayProbe(
  context: AttachPointContext,
  { path, shown }: { readonly path: string; readonly shown: string },
  offset: bigint,
): boolean {
  const place = offset.toString(16);
  const answer = context.ask<"userInstruction">({ kind: "userInstruction", file: path, place });
  if (answer === undefined || answer.isStart === true || context.isUnsafe) return true;
  if (answer.isStart === false) {
    context.fault(`Could not add uprobe into middle of instruction: ${shown}`, context.span, [
      "The program would crash. objdump -d shows where instructions begin; --unsafe probes there all the same.",
    ]);
    return false;
  }
  context.diagnostics.warn(
    "not-supported",
    context.span,
    `It cannot be told whether an instruction begins there: no function of ${path} is known at that place. If none does, the program crashes`,
  );
  return true;
}
