import { type ExpressionOf } from "../syntax/ast.js";
import { requireArguments } from "./call-arguments.js";
import { memberOf } from "./check-memory.js";
import { type CheckedExpression } from "./checked-program.js";
import { convert } from "./coerce.js";
import { booleanConstant } from "./constant.js";
import { type ProbeState } from "./probe-state.js";
import { boolean, describeType, type Type, uint32, uint64 } from "./type.js";

type Call = ExpressionOf<"call">;

/** Which members of a task lead there. */
const paths = {
  ppid: ["real_parent", "tgid"],
  pcomm: ["real_parent", "comm"],
  leader_tid: ["group_leader", "pid"],
  leader_comm: ["group_leader", "comm"],
} as const;

/** Functions that say of a task what the builtin of the same name says of this one. */
export const taskFunctions = ["ppid", "pcomm", "leader_tid", "leader_comm"] as const;

/** `ppid(task)` and its like, of a struct task_struct *. */
export function checkTaskCall(
  probe: ProbeState,
  call: Call,
  name: (typeof taskFunctions)[number],
): CheckedExpression | undefined {
  const [argument] = call.args;
  if (!requireArguments(probe, call, 1) || argument === undefined) return undefined;
  const task = probe.check(argument);
  if (task === undefined) return undefined;
  const { span } = call;
  const target = task.type.kind === "pointer" ? task.type.target : undefined;
  if (target?.kind !== "struct" || target.structure.name !== "task_struct") {
    const message = `${name}() only supports pointer argument of type struct task_struct (${describeType(task.type)} provided)`;
    return probe.error("argument-type", argument.span, message);
  }
  let value: CheckedExpression | undefined = task;
  for (const text of paths[name]) {
    value = value === undefined ? undefined : memberOf(probe, value, { text, span }, span);
  }
  if (value === undefined || value.type.kind === "string") return value;
  return convert(value, uint32, span);
}

/** Numbers of errors that pointers carry: MAX_ERRNO in include/linux/err.h. */
const highestError = 4095n;

/** `is_err(p)`: whether a pointer is an error that a function of the kernel's has given in its place. */
export function checkIsErr(probe: ProbeState, call: Call): CheckedExpression | undefined {
  const [argument] = call.args;
  if (!requireArguments(probe, call, 1) || argument === undefined) return undefined;
  const value = probe.check(argument);
  if (value === undefined) return undefined;
  const { span } = call;
  if (value.type.kind !== "pointer" && value.type.kind !== "integer") {
    const message = `is_err() takes a pointer, not ${describeType(value.type)}`;
    return probe.error("argument-type", argument.span, message);
  }
  const lowest = BigInt.asUintN(64, -highestError);
  if (value.kind === "constant") {
    return booleanConstant(BigInt.asUintN(64, value.value) >= lowest, span);
  }
  const number = (constant: bigint, type: Type): CheckedExpression => ({
    ...{ kind: "constant", value: constant, type, span },
  });
  return {
    kind: "compare",
    operation: "greaterOrEqual",
    isSigned: false,
    left: convert(value, uint64, span),
    right: number(lowest, uint64),
    type: boolean,
    span,
  };
}
