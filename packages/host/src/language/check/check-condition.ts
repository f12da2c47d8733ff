import { type Expression } from "../syntax/ast.js";
import { decided, requireCondition } from "./check-operator.js";
import { type CheckedExpression } from "./checked-program.js";
import { type ProbeState } from "./probe-state.js";

/** The condition of an `if`, a loop or a predicate; what is none is reported at `span`. */
export function checkCondition(
  probe: ProbeState,
  expression: Expression,
  span = expression.span,
): CheckedExpression | undefined {
  const condition = decided(probe.check(expression));
  if (condition === undefined || !requireCondition(probe, condition, span)) return undefined;
  return condition;
}
