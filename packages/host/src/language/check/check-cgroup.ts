import { type ExpressionOf } from "../syntax/ast.js";
import {
  requireArguments,
  requireInteger,
  requireOnlyText,
  requireText,
} from "./call-arguments.js";
import { type CheckedExpression } from "./checked-program.js";
import { convert } from "./coerce.js";
import { type ProbeState } from "./probe-state.js";
import { uint64 } from "./type.js";

type Call = ExpressionOf<"call">;

/** `cgroupid("/sys/fs/cgroup/…")`: the number of a control group. */
export function checkCgroupId(probe: ProbeState, call: Call): CheckedExpression | undefined {
  const path = requireOnlyText(probe, call);
  if (path === undefined) return undefined;
  const answer = probe.program.ask({ kind: "controlGroup", path });
  const { span } = call;
  if (answer !== undefined && answer.id === undefined) {
    return probe.error("unknown-name", span, `there is no control group ${path} on the target`);
  }
  return { kind: "constant", value: answer?.id ?? 0n, type: uint64, span };
}

/** `cgroup_path(id)`, `cgroup_path(id, "hierarchies")`: where a control group is, looked up when it is printed. */
export function checkCgroupPath(probe: ProbeState, call: Call): CheckedExpression | undefined {
  if (!requireArguments(probe, call, 1, 2)) return undefined;
  const id = requireInteger(probe, call, 0);
  const hierarchies = call.args.length > 1 ? requireText(probe, call, 1) : "*";
  if (id === undefined || hierarchies === undefined) return undefined;
  return convert(id, { kind: "controlGroup", hierarchies }, call.span);
}
