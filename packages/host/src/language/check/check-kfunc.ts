import { type ExpressionOf } from "../syntax/ast.js";
import { requireArguments } from "./call-arguments.js";
import { type CheckedExpression } from "./checked-program.js";
import { booleanConstant } from "./constant.js";
import { type ProbeState } from "./probe-state.js";

/** `kfunc_exist("name")`: whether the target's kernel has a function that programs could call. */
export function checkKfuncExist(
  probe: ProbeState,
  call: ExpressionOf<"call">,
): CheckedExpression | undefined {
  const [argument] = call.args;
  if (!requireArguments(probe, call, 1) || argument === undefined) return undefined;
  const { span, name } = call;
  if (argument.kind !== "string") {
    return probe.error("argument-type", span, `${name}() accepts a string literal only`);
  }
  const answer = probe.program.ask({ kind: "kernelFunctionType", name: argument.value });
  return booleanConstant(answer?.type !== undefined, span);
}

/** `kfunc_allowed("name")`: whether this probe's program may call it. None does: the compiler makes no such calls. */
export function checkKfuncAllowed(
  probe: ProbeState,
  call: ExpressionOf<"call">,
): CheckedExpression | undefined {
  const exists = checkKfuncExist(probe, call);
  return exists === undefined ? undefined : booleanConstant(false, call.span);
}
