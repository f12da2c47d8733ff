import { type Expression } from "../syntax/ast.js";
import { requireCondition } from "./check-operator.js";
import { type CheckedExpression } from "./checked-program.js";
import { booleanConstant } from "./constant.js";
import { type ProbeState } from "./probe-state.js";

/** The condition of an `if`, a loop or a predicate. */
export function checkCondition(
  probe: ProbeState,
  expression: Expression,
): CheckedExpression | undefined {
  const condition = probe.check(expression);
  if (condition?.kind === "stringConstant") {
    return booleanConstant(condition.value !== "", condition.span);
  }
  if (condition === undefined || !requireCondition(probe, condition)) return undefined;
  return condition;
}
