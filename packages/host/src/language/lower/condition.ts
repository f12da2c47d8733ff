import { type JumpCondition } from "../../asm/instruction.js";
import { type CheckedExpression, type CheckedExpressionOf } from "../check/checked-program.js";
import { jumpIfDifferent, jumpIfOtherBytes } from "./compare-strings.js";
import { type Lowering } from "./lowering.js";
import { lookUp, requireMap, withKey } from "./map-access.js";
import { constant } from "./program-builder.js";

/** Jumps to `target` when the expression's truth is `when`; goes on otherwise. */
export function branch(
  lowering: Lowering,
  expression: CheckedExpression,
  target: string,
  { when }: { readonly when: boolean },
): void {
  const { builder } = lowering;
  switch (expression.kind) {
    case "constant":
      if ((expression.value !== 0n) === when) builder.jump(target);
      return;
    case "not":
      branch(lowering, expression.operand, target, { when: !when });
      return;
    case "block":
      lowering.statements(expression.statements);
      branch(lowering, expression.value, target, { when });
      return;
    case "logical":
      branchLogical(lowering, expression, target, when);
      return;
    case "compare": {
      const left = lowering.value(expression.left);
      const right = lowering.value(expression.right);
      builder.jumpIf(conditionOf(expression, when), left, right, target);
      return;
    }
    case "compareStrings":
    case "compareMemory": {
      const jumpsWhenDifferent = (expression.operation === "different") === when;
      const different = jumpsWhenDifferent ? target : builder.newLabel("different");
      if (expression.kind === "compareStrings") jumpIfDifferent(lowering, expression, different);
      else jumpIfOtherBytes(lowering, expression, different);
      if (jumpsWhenDifferent) return;
      builder.jump(target);
      builder.label(different);
      return;
    }
    case "hasKey": {
      const map = requireMap(lowering, expression.map);
      const { keys, bucket } = expression;
      const parts = bucket === undefined ? { keys } : { keys, bucket: lowering.value(bucket) };
      const value = withKey(lowering, map, parts, (key) => lookUp(lowering, map, key));
      builder.jumpIf(when ? "ne" : "eq", value, constant(0), target);
      return;
    }
    default:
      builder.jumpIf(when ? "ne" : "eq", lowering.value(expression), constant(0), target);
  }
}

function branchLogical(
  lowering: Lowering,
  { operation, left, right }: CheckedExpressionOf<"logical">,
  target: string,
  when: boolean,
): void {
  const { builder, builtins } = lowering;
  // "and" is decided by a false side, "or" by a true one.
  const deciding = operation === "or";
  if (deciding === when) {
    branch(lowering, left, target, { when });
    branch(lowering, right, target, { when });
    return;
  }
  const skip = builder.newLabel("decided");
  const before = builtins.snapshot();
  branch(lowering, left, skip, { when: deciding });
  // A plain comparison computes all it needs before it jumps.
  const after = left.kind === "compare" ? builtins.snapshot() : before;
  branch(lowering, right, target, { when });
  builder.label(skip);
  builtins.restore(after);
}

function conditionOf(
  { operation, isSigned }: CheckedExpressionOf<"compare">,
  when: boolean,
): JumpCondition {
  switch (operation) {
    case "equal":
      return when ? "eq" : "ne";
    case "different":
      return when ? "ne" : "eq";
    case "less":
      return when ? signed("lt", isSigned) : signed("ge", isSigned);
    case "lessOrEqual":
      return when ? signed("le", isSigned) : signed("gt", isSigned);
    case "greater":
      return when ? signed("gt", isSigned) : signed("le", isSigned);
    case "greaterOrEqual":
      return when ? signed("ge", isSigned) : signed("lt", isSigned);
  }
}

function signed(condition: "lt" | "le" | "gt" | "ge", isSigned: boolean): JumpCondition {
  return isSigned ? `s${condition}` : condition;
}
