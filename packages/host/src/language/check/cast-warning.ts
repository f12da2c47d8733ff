import { type Expression } from "../syntax/ast.js";
import { type Span } from "../syntax/span.js";
import { type CheckedExpression } from "./checked-program.js";
import { type ProbeState } from "./probe-state.js";
import { describeType, type IntegerType, type Type } from "./type.js";

/** Warns of a value that is read as another type, which may not hold it. `written` is it in the program. */
export function warnOfCast(
  probe: ProbeState,
  value: CheckedExpression,
  type: Type | undefined,
  written: Expression,
): void {
  if (type?.kind !== "integer" || value.type.kind !== "integer") return;
  if (value.kind === "constant" && (value.isLiteral === true || isNamed(value.type))) return;
  if (isHeld(value.type, type)) return;
  const message = `Expression of type: ${describeType(value.type)} being cast to type: ${describeType(type)}. This may cause unexpected results. Use an explicit cast to suppress this warning.`;
  probe.program.diagnostics.warn("cast", shownPart(written), message);
}

/** Of operands one of which has a sign: the others are read with one, too. */
export function warnOfSigns(
  probe: ProbeState,
  type: Type,
  operands: readonly (readonly [CheckedExpression | undefined, Expression])[],
): void {
  if (type.kind !== "integer" || !type.isSigned) return;
  for (const [value, written] of operands) {
    if (value !== undefined) warnOfCast(probe, value, type, written);
  }
}

function isNamed(type: IntegerType): boolean {
  return type.enumeration !== undefined;
}

function isHeld(from: IntegerType, to: IntegerType): boolean {
  return from.isSigned === to.isSigned
    ? from.sizeBytes <= to.sizeBytes
    : to.isSigned && from.sizeBytes < to.sizeBytes;
}

/** Of a cast, its type in brackets: as bpftrace has it. */
function shownPart(written: Expression): Span {
  if (written.kind !== "cast") return written.span;
  return { ...written.span, end: written.type.span.end + 1 };
}
