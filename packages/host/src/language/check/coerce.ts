import { type CheckedExpression, type CheckedExpressionOf } from "./checked-program.js";
import { elementAt } from "./tuple-element.js";
import { isSameType, type Type } from "./type.js";

/**
 * The expression made fit for a place of this type, which is one that the expression's own type was merged into. Only tuples
 * need work, since their elements have places of their own: they are taken apart and put together anew.
 */
export function coerce(expression: CheckedExpression, type: Type): CheckedExpression {
  if (type.kind !== "tuple" || isSameType(expression.type, type)) return expression;
  const own = elementsOf(expression);
  const { names: ownNames } = expression.type.kind === "tuple" ? expression.type : {};
  const elements = type.elements.flatMap((wanted, index) => {
    // A record's fields may stand in another order.
    const name = type.names?.[index];
    const element = own[name === undefined ? index : (ownNames ?? []).indexOf(name)];
    return element === undefined ? [] : [coerce(element, wanted)];
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
