import { type ExpressionOf } from "../syntax/ast.js";
import { requireOnlyText } from "./call-arguments.js";
import { type CheckedExpression } from "./checked-program.js";
import { type ProbeState } from "./probe-state.js";
import { uint64 } from "./type.js";

/** `kaddr("jiffies")`: where the kernel has a function or variable. */
export function checkKaddr(
  probe: ProbeState,
  call: ExpressionOf<"call">,
): CheckedExpression | undefined {
  const name = requireOnlyText(probe, call);
  if (name === undefined) return undefined;
  const answer = probe.program.ask({ kind: "kernelSymbol", name });
  const { span } = call;
  if (answer === undefined) return { kind: "constant", value: 0n, type: uint64, span };
  if (answer.address !== undefined) {
    return { kind: "constant", value: answer.address, type: uint64, span };
  }
  const message = `Failed to resolve kernel symbol: ${name}`;
  return probe.error("unknown-name", span, message, [
    "Variables are among the kernel's symbols only when it was built with CONFIG_KALLSYMS_ALL.",
  ]);
}
