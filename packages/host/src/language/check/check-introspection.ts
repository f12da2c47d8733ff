import { type Expression, type ExpressionOf } from "../syntax/ast.js";
import { requireArguments } from "./call-arguments.js";
import { type CheckedExpression } from "./checked-program.js";
import { booleanConstant, integerConstant } from "./constant.js";
import { type ProbeState } from "./probe-state.js";
import { describeType, type Type } from "./type.js";

type Call = ExpressionOf<"call">;

const predicates: Readonly<Record<string, (type: Type) => boolean>> = {
  is_str: ({ kind }) => kind === "string" || kind === "name",
  is_ptr: ({ kind }) => kind === "pointer",
  is_array: ({ kind }) => kind === "array",
  is_integer: ({ kind }) => kind === "integer",
  is_unsigned_integer: (type) => type.kind === "integer" && !type.isSigned,
};

/** Calls that say something of a value's type, when the program is compiled. */
export const introspectionNames: readonly string[] = [
  ...Object.keys(predicates),
  "is_literal",
  "assert_str",
  "comptime",
];

/** `is_str(x)` and its like. */
export function checkPredicate(probe: ProbeState, call: Call): CheckedExpression | undefined {
  const [argument] = call.args;
  if (!requireArguments(probe, call, 1) || argument === undefined) return undefined;
  const value = probe.check(argument);
  if (value === undefined) return undefined;
  if (call.name === "assert_str") {
    if (value.type.kind === "string" || value.type.kind === "name")
      return integerConstant(0n, call.span);
    return probe.error(
      "argument-type",
      call.span,
      `expected string-like type, got ${describeType(value.type)}`,
    );
  }
  if (call.name === "is_literal") return booleanConstant(isConstant(value), call.span);
  const holds = predicates[call.name]?.(value.type) ?? false;
  return booleanConstant(holds, call.span);
}

/** `comptime x`: the value must be known when the program is compiled. */
export function checkComptime(probe: ProbeState, call: Call): CheckedExpression | undefined {
  const [argument] = call.args;
  const value = argument === undefined ? undefined : probe.check(argument);
  if (value === undefined || isConstant(value)) return value;
  return probe.error("bad-value", call.span, "Unable to resolve comptime expression");
}

function isConstant({ kind }: CheckedExpression): boolean {
  return kind === "constant" || kind === "stringConstant";
}

/** Whether a condition is one that decides what is compiled. */
export function isComptimeCall(condition: Expression): boolean {
  return condition.kind === "call" && condition.name === "comptime";
}
