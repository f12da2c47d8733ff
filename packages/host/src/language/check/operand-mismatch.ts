import { type CheckedExpression } from "./checked-program.js";
import { type ProbeState } from "./probe-state.js";
import { describeType } from "./type.js";

/** What an operator is given; `span` is all of it. */
interface Operands {
  readonly operator: string;
  readonly left: CheckedExpression;
  readonly right: CheckedExpression;
  readonly span: CheckedExpression["span"];
}

/** Reports operands that do not go together, shown each with its type; of a pointer that the operator takes none. */
export function refuseOperands(probe: ProbeState, operands: Operands): undefined {
  const { operator, left, right, span } = operands;
  if (left.type.kind === "pointer" || right.type.kind === "pointer") {
    return refuseTypes(probe, operands);
  }
  const [first, second] = [describeType(left.type), describeType(right.type)];
  const message = `Type mismatch for '${operator}': comparing ${first} with ${second}`;
  return probe.error(
    "type-mismatch",
    span,
    message,
    [],
    [
      { span: left.span, message: `left (${first})`, isPart: true },
      { span: right.span, message: `right (${second})`, isPart: true },
    ],
  );
}

/** Reports operands that the operator does not take, though they go together. */
export function refuseTypes(
  probe: ProbeState,
  { operator, left, right, span }: Operands,
  hints: readonly string[] = [],
): undefined {
  const types = `${describeType(left.type)}, ${describeType(right.type)}`;
  const message = `The ${operator} operator can not be used on expressions of types ${types}`;
  return probe.error("type-mismatch", span, message, hints);
}
