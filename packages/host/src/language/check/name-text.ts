import { type CheckedExpression } from "./checked-program.js";
import { stringConstant } from "./constant.js";
import { type ProbeState } from "./probe-state.js";

/** What `probe` and `func` stand for, as text, where it is known. */
export function textOf(probe: ProbeState, value: CheckedExpression): CheckedExpression {
  if (value.kind !== "constant" || value.type.kind !== "name") return value;
  return stringConstant(probe.program.names[Number(value.value)] ?? "", value.span);
}
