import { type CheckedExpression } from "./checked-program.js";

/** How a value takes part in deciding between signed and unsigned. */
export function signOf(expression: CheckedExpression): "signed" | "unsigned" | "either" {
  const { type } = expression;
  if (type.kind === "boolean") return "either";
  if (type.kind !== "integer") return "unsigned";
  const isFlexible =
    expression.kind === "constant" &&
    (expression.isLiteral === true || type.enumeration !== undefined);
  if (isFlexible && expression.value >= 0n) return "either";
  return type.isSigned ? "signed" : "unsigned";
}

/** Of a signed and an unsigned number both are read as signed. */
export function isComparedSigned(left: CheckedExpression, right: CheckedExpression): boolean {
  return signOf(left) === "signed" || signOf(right) === "signed";
}
