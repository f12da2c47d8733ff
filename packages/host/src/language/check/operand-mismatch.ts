import { type RelatedPlace } from "../diagnostic.js";
import { type CheckedExpression } from "./checked-program.js";
import { type ProbeState } from "./probe-state.js";
import { describeType } from "./type.js";

/** Reports operands that do not go together, shown each with its type; of a pointer that the operator takes none. */
export function refuseOperands(
  probe: ProbeState,
  operator: string,
  left: CheckedExpression,
  right: CheckedExpression,
  span: CheckedExpression["span"],
): undefined {
  if (left.type.kind === "pointer" || right.type.kind === "pointer") {
    return refuseTypes(probe, operator, left, right, span);
  }
  const [first, second] = [describeType(left.type), describeType(right.type)];
  const message = `Type mismatch for '${operator}': comparing ${first} with ${second}`;
  return probe.error("type-mismatch", span, message, [], operandPlaces(left, right));
}

/** Reports operands that the operator does not take, though they go together. */
export function refuseTypes(
  probe: ProbeState,
  operator: string,
  { type: left }: CheckedExpression,
  { type: right }: CheckedExpression,
  span: CheckedExpression["span"],
  hints: readonly string[] = [],
): undefined {
  const types = `${describeType(left)}, ${describeType(right)}`;
  const message = `The ${operator} operator can not be used on expressions of types ${types}`;
  return probe.error("type-mismatch", span, message, hints);
}

function operandPlaces(left: CheckedExpression, right: CheckedExpression): readonly RelatedPlace[] {
  return [
    { span: left.span, message: `left (${describeType(left.type)})`, isPart: true },
    { span: right.span, message: `right (${describeType(right.type)})`, isPart: true },
  ];
}
