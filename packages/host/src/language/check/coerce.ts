import { type CheckedExpression, type CheckedExpressionOf } from "./checked-program.js";
import { elementAt } from "./tuple-element.js";
import { isSameType, type Type } from "./type.js";

/**
 * The expression made fit for a place of this type, which is one that the expression's own type was merged into. Only tuples
 * need work, since their elements have places of their own: they are taken apart and put together anew.
 */
export function coerce(expression: CheckedExpression, type: Type): CheckedExpression {
  if (type.kind !== "tuple" || isSameType(expression.type, type)) return expression;
  const elements = elementsOf(expression).map((element, index) => {
    const wanted = type.elements[index];
    return wanted === undefined ? element : coerce(element, wanted);
  });
  return { kind: "tuple", elements, type, span: expression.span };
}

/** The elements of a tuple, as expressions of their own. */
export function elementsOf(expression: CheckedExpression): readonly CheckedExpression[] {
  const { type, span } = expression;
  if (type.kind !== "tuple") return [expression];
  return type.elements.flatMap((_, index) => elementAt(expression, type, index, span) ?? []);
}

/** Another type for the same value; see `CheckedExpression`. */
export function convert(
  operand: CheckedExpression,
  type: Type,
  span = operand.span,
): CheckedExpressionOf<"convert"> {
  return { kind: "convert", operand, type, span };
}
