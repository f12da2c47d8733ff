import { type ExpressionOf } from "../syntax/ast.js";
import { requireArguments } from "./call-arguments.js";
import { checkBuiltin } from "./check-builtin.js";
import { helperValue } from "./check-more-builtins.js";
import { type CheckedExpression, type HelperName } from "./checked-program.js";
import { type ProbeState } from "./probe-state.js";
import { describeKind, uint32, uint64 } from "./type.js";

type Call = ExpressionOf<"call">;

const clocks: ReadonlyMap<string, HelperName> = new Map<string, HelperName>([
  ["monotonic", "ktime_get_ns"],
  ["boot", "ktime_get_boot_ns"],
  ["tai", "ktime_get_tai_ns"],
]);

/** `nsecs(monotonic)`: nanoseconds of a clock of the kernel's. */
export function checkNsecs(probe: ProbeState, call: Call): CheckedExpression | undefined {
  const [mode] = call.args;
  if (mode === undefined) return checkBuiltin(probe, "nsecs", call.span);
  if (!requireArguments(probe, call, 0, 1)) return undefined;
  const name = mode.kind === "identifier" ? mode.name : "";
  // What the kernel's own clock adds to the monotonic one is the same in software.
  const helper = clocks.get(name === "sw_tai" ? "tai" : name);
  if (helper !== undefined) return helperValue(helper, uint64, call.span);
  const hints = ["Clocks are monotonic, boot, tai and sw_tai."];
  if (name !== "") {
    return probe.error("bad-value", mode.span, `Invalid timestamp mode: ${name}`, hints);
  }
  const value = probe.check(mode);
  if (value === undefined) return undefined;
  const message = `nsecs() only supports timestamp_mode arguments (${describeKind(value.type)} provided)`;
  return probe.error("argument-type", call.span, message, hints);
}

/** `pid(init)`, as the machine numbers processes; `tid(curr_ns)`, as the agent's pid namespace does, and as `tid`. */
export function checkProcessId(probe: ProbeState, call: Call): CheckedExpression | undefined {
  const [mode] = call.args;
  if (mode === undefined) return checkBuiltin(probe, call.name, call.span);
  if (!requireArguments(probe, call, 0, 1)) return undefined;
  if (mode.kind === "identifier" && mode.name === "curr_ns") {
    return checkBuiltin(probe, call.name, call.span);
  }
  if (mode.kind === "identifier" && mode.name === "init") {
    const name = call.name === "pid" ? "initialPid" : "initialTid";
    return { kind: "builtin", name, type: uint32, span: call.span };
  }
  if (mode.kind !== "identifier") {
    const message = `${call.name}() only supports curr_ns and init as the argument`;
    return probe.error("argument-type", call.span, message);
  }
  const message = `Invalid PID namespace mode: ${mode.name} (expects: curr_ns or init)`;
  return probe.error("bad-value", mode.span, message);
}
