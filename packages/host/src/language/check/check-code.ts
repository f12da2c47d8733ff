import { type CodeType } from "../../spec/value-type.js";
import { codesOf } from "../../text/code-names.js";
import { type ExpressionOf } from "../syntax/ast.js";
import { requireArguments, requireInteger } from "./call-arguments.js";
import { type CheckedExpression } from "./checked-program.js";
import { convert } from "./coerce.js";
import { booleanConstant } from "./constant.js";
import { type ProbeState } from "./probe-state.js";
import { boolean, type IntegerType } from "./type.js";

const meanings: ReadonlyMap<string, CodeType["of"]> = new Map<string, CodeType["of"]>([
  ["strerror", "error"],
  ["syscall_name", "systemCall"],
  ["signal_name", "signal"],
]);

/** `strerror(n)`, `syscall_name(n)`, `signal_name(n)`: a number that is shown as what it means. */
export function checkCode(
  probe: ProbeState,
  call: ExpressionOf<"call">,
): CheckedExpression | undefined {
  const of = meanings.get(call.name);
  if (!requireArguments(probe, call, 1) || of === undefined) return undefined;
  const number = requireInteger(probe, call, 0);
  if (number === undefined) return undefined;
  const type: CodeType = { kind: "code", of };
  return number.kind === "constant" ? { ...number, type } : convert(number, type, call.span);
}

const int32: IntegerType = { kind: "integer", sizeBytes: 4, isSigned: true };

/**
 * `strerror(n) == "Permission denied"`: whether the number is one of those that mean the text. Undefined where neither side is
 * such a number, or the other one no text that is known.
 */
export function compareCode(
  probe: ProbeState,
  operation: "equal" | "different",
  left: CheckedExpression,
  right: CheckedExpression,
  span: CheckedExpression["span"],
): CheckedExpression | undefined {
  if (left.kind === "stringConstant" && right.type.kind === "code") {
    return compareCode(probe, operation, right, left, span);
  }
  if (left.type.kind !== "code" || right.kind !== "stringConstant") return undefined;
  const { architecture } = probe.program.target;
  const codes = codesOf(left.type.of, architecture, right.value);
  if (codes === undefined) return undefined;
  const number = convert(left, int32, left.span);
  const tests = codes.map((code): CheckedExpression => ({
    kind: "compare",
    operation,
    isSigned: true,
    left: number,
    right: { kind: "constant", value: BigInt(code), type: int32, span },
    type: boolean,
    span,
  }));
  const joined = operation === "equal" ? "or" : "and";
  return (
    tests.reduce<CheckedExpression | undefined>(
      (all, test) =>
        all === undefined
          ? test
          : { kind: "logical", operation: joined, left: all, right: test, type: boolean, span },
      undefined,
    ) ?? booleanConstant(operation === "different", span)
  );
}
