import { type CheckedExpression } from "./checked-program.js";

/** How a value takes part in deciding between signed and unsigned. */
export function signOf(expression: CheckedExpression): "signed" | "unsigned" | "either" {
  const { type } = expression;
  if (expression.kind === "constant" && expression.value >= 0n && type.kind === "integer") {
    return "either";
  }
  if (type.kind === "integer") return type.isSigned ? "signed" : "unsigned";
  return type.kind === "boolean" ? "either" : "unsigned";
}

/** As C has it: unsigned when one side is a 64-bit unsigned number. Narrower ones fit in a signed one. */
export function isComparedSigned(left: CheckedExpression, right: CheckedExpression): boolean {
  const isWideUnsigned = (side: CheckedExpression): boolean =>
    signOf(side) === "unsigned" && !(side.type.kind === "integer" && side.type.sizeBytes < 8);
  if (isWideUnsigned(left) || isWideUnsigned(right)) return false;
  return signOf(left) === "signed" || signOf(right) === "signed";
}
