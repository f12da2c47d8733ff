import { type Answer, type UserFunction } from "../../answers.js";
import { type AttachPointContext, type ProbePart } from "./attach-point-context.js";

const hints = [
  "the program that runs into it would crash: probe a kernel function or a system call instead, or build the program with -marm",
];

/**
 * Those of the functions that are found which a probe can be set in, and reports the others. Uprobes of 32-bit ARM are
 * instructions of the set ARM (arch/arm/probes/uprobes/core.c), which are others in the set Thumb. The kernel notices at
 * some addresses only.
 */
export function inArmCode(
  context: AttachPointContext,
  target: ProbePart,
  answer: Extract<Answer, { readonly kind: "userFunctions" }>,
): readonly UserFunction[] {
  const { path = "", functions, hasThumbCode } = answer;
  if (hasThumbCode !== true || functions.length === 0) return functions;
  const refuse = (message: string): readonly [] => {
    context.diagnostics.error("not-supported", target.span, message, hints);
    return [];
  };
  if (context.type === "uretprobe") {
    // It goes back to its caller as if that were ARM code.
    return refuse(`${path} has Thumb code, to which the kernel's uretprobes cannot return`);
  }
  const possible = functions.filter(({ isThumb }) => isThumb !== true);
  const thumbCount = functions.length - possible.length;
  const message = "Thumb code, in which the kernel cannot set uprobes";
  if (possible.length === 0) return refuse(`${target.text} of ${path} is ${message}`);
  if (thumbCount > 0) {
    const which = `${thumbCount} of ${functions.length} functions of ${path} that match`;
    context.diagnostics.warn("not-supported", target.span, `${which} are ${message}: left out`);
  }
  return possible;
}
