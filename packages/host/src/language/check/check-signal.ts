import { type ExpressionOf } from "../syntax/ast.js";
import { requireArguments, requireInteger, requireUnsafe } from "./call-arguments.js";
import { type CheckedExpression } from "./checked-program.js";
import { signalNumber } from "./header-constants.js";
import { type ProbeState } from "./probe-state.js";
import { type ProbeType } from "./probes/concrete-probe.js";
import { probeTypeName } from "./probes/probe-type-name.js";
import { integerConstant } from "./constant.js";
import { int64, uint64 } from "./type.js";

type Call = ExpressionOf<"call">;

const highestSignal = 64n;

/** Those that a process comes to by itself, or that sample it. */
const signallingProbes: ReadonlySet<ProbeType> = new Set<ProbeType>([
  "kprobe",
  "kretprobe",
  "uprobe",
  "uretprobe",
  "usdt",
  "tracepoint",
  "rawtracepoint",
  "fentry",
  "fexit",
  "profile",
]);

/** `signal("KILL")`, `signal_thread(9)`: sends one to the process, or the thread, that comes here. */
export function checkSignal(probe: ProbeState, call: Call): CheckedExpression | undefined {
  const [argument] = call.args;
  if (!requireArguments(probe, call, 1) || argument === undefined) return undefined;
  const { type } = probe.probe;
  const { span } = call;
  if (!signallingProbes.has(type)) {
    const message = `${call.name}() can not be used for this probetype ${probeTypeName(type)}`;
    return probe.error("wrong-probe", span, message);
  }
  if (!requireUnsafe(probe, call)) return undefined;
  const number =
    argument.kind === "string"
      ? named(probe, call, argument.value)
      : requireInteger(probe, call, 0);
  if (number === undefined) return undefined;
  if (number.kind === "constant" && (number.value < 1n || number.value > highestSignal)) {
    const message = `${call.name}() accepts a string literal or an integer between 1 and 64 (inclusive)`;
    return probe.error("bad-value", span, message);
  }
  const helper = call.name === "signal" ? "send_signal" : "send_signal_thread";
  return { kind: "helper", helper, takesContext: false, values: [number], type: int64, span };
}

function named(probe: ProbeState, call: Call, name: string): CheckedExpression | undefined {
  const number = signalNumber(name);
  if (number !== undefined) return integerConstant(number, call.span);
  return probe.error("bad-value", call.span, `Invalid string for signal: ${name}`);
}

/** `override(value)`: what the function that comes here gives in place of doing its work. */
export function checkOverride(probe: ProbeState, call: Call): CheckedExpression | undefined {
  if (!requireArguments(probe, call, 1)) return undefined;
  const { type } = probe.probe;
  if (type !== "kprobe") {
    const message = "override() can only be used inside kprobes";
    return probe.error("wrong-probe", call.span, message, [
      "Of functions that the kernel marks as fit for it.",
    ]);
  }
  if (!requireUnsafe(probe, call)) return undefined;
  const value = requireInteger(probe, call, 0);
  if (value === undefined) return undefined;
  const helper = "override_return";
  return {
    kind: "helper",
    helper,
    takesContext: true,
    values: [value],
    type: uint64,
    span: call.span,
  };
}
