import { type Span } from "../syntax/span.js";
import { memberOf } from "./check-memory.js";
import { type CheckedExpression, type HelperName } from "./checked-program.js";
import { convert } from "./coerce.js";
import { configRecord } from "./config-record.js";
import { integerConstant, stringConstant } from "./constant.js";
import { readRegister } from "./check-register.js";
import { probeTypeName } from "./probes/probe-type-name.js";
import { type ProbeState } from "./probe-state.js";
import { boolean, type Type, uint32, uint64 } from "./type.js";

type BuiltinCheck = (probe: ProbeState, span: Span) => CheckedExpression | undefined;

/** Builtins that are made of others, or that the kernel has a helper for. */
export const moreBuiltins: ReadonlyMap<string, BuiltinCheck> = new Map<string, BuiltinCheck>([
  ["username", username],
  ["cgroup", (_, span) => helperValue("get_current_cgroup_id", uint64, span)],
  ["numaid", (_, span) => helperValue("get_numa_node_id", uint32, span)],
  ["jiffies", (_, span) => helperValue("jiffies64", uint64, span)],
  ["ncpus", (probe, span) => integerConstant(BigInt(probe.program.target.possibleCpuCount), span)],
  ["probetype", (probe, span) => stringConstant(probeTypeName(probe.probe.type), span)],
  ["config", (probe, span) => configRecord(probe.program.config.given, span)],
  ["usermode", checkUsermode],
  ["pcomm", (probe, span) => taskMember(probe, ["real_parent", "comm"], span)],
  ["leader_comm", (probe, span) => taskMember(probe, ["group_leader", "comm"], span)],
  ["leader_tid", (probe, span) => leaderThread(probe, span)],
]);

/** What a helper without arguments gives. */
export function helperValue(
  helper: HelperName,
  type: Type,
  span: Span,
  values: readonly CheckedExpression[] = [],
): CheckedExpression {
  return { kind: "helper", helper, takesContext: false, values, type, span };
}

function username(_: ProbeState, span: Span): CheckedExpression {
  const uid: CheckedExpression = { kind: "builtin", name: "uid", type: uint32, span };
  return convert(uid, { kind: "username" }, span);
}

function taskMember(
  probe: ProbeState,
  path: readonly string[],
  span: Span,
): CheckedExpression | undefined {
  const target = probe.program.types.declared("struct", "task_struct", "kernel");
  let value: CheckedExpression | undefined = {
    kind: "builtin",
    name: "curtask",
    type: { kind: "pointer", space: "kernel", target },
    span,
  };
  for (const text of path) {
    value = value === undefined ? undefined : memberOf(probe, value, { text, span }, span);
  }
  return value;
}

function leaderThread(probe: ProbeState, span: Span): CheckedExpression | undefined {
  const thread = taskMember(probe, ["group_leader", "pid"], span);
  return thread === undefined ? undefined : convert(thread, uint32, span);
}

/** Whether the processor was in a process's code when a timer or counter struck. Others are always in one, or never. */
function checkUsermode(probe: ProbeState, span: Span): CheckedExpression | undefined {
  const { type, context } = probe.probe;
  const { architecture } = probe.program.target;
  if (context !== "perfEvent" && context !== "registers") {
    return integerConstant(type === "begin" || type === "end" ? 1n : 0n, span);
  }
  // The code segment's lowest bits are the privilege level (arch/x86/include/asm/ptrace.h).
  const segment =
    architecture === "x64" || architecture === "ia32" ? readRegister(probe, "cs", span) : undefined;
  if (segment === undefined) {
    return probe.error("not-supported", span, `usermode is not known on ${architecture}`);
  }
  const level: CheckedExpression = {
    kind: "binary",
    operation: "and",
    left: segment,
    right: integerConstant(3n, span),
    type: uint64,
    span,
  };
  const isUser: CheckedExpression = {
    kind: "compare",
    operation: "equal",
    isSigned: false,
    left: level,
    right: integerConstant(3n, span),
    type: boolean,
    span,
  };
  return convert(isUser, { kind: "integer", sizeBytes: 1, isSigned: false }, span);
}
