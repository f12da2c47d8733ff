import { type CodeType } from "../../spec/value-type.js";
import { type ExpressionOf } from "../syntax/ast.js";
import { requireArguments, requireInteger } from "./call-arguments.js";
import { type CheckedExpression } from "./checked-program.js";
import { convert } from "./coerce.js";
import { type ProbeState } from "./probe-state.js";

const meanings: ReadonlyMap<string, CodeType["of"]> = new Map<string, CodeType["of"]>([
  ["strerror", "error"],
  ["syscall_name", "systemCall"],
  ["signal_name", "signal"],
]);

/** `strerror(n)`, `syscall_name(n)`, `signal_name(n)`: a number that is shown as what it means. */
export function checkCode(
  probe: ProbeState,
  call: ExpressionOf<"call">,
): CheckedExpression | undefined {
  const of = meanings.get(call.name);
  if (!requireArguments(probe, call, 1) || of === undefined) return undefined;
  const number = requireInteger(probe, call, 0);
  if (number === undefined) return undefined;
  const type: CodeType = { kind: "code", of };
  return number.kind === "constant" ? { ...number, type } : convert(number, type, call.span);
}
