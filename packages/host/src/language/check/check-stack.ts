import { type StackMode } from "../../spec/value-type.js";
import { type Expression, type ExpressionOf } from "../syntax/ast.js";
import { type Span } from "../syntax/span.js";
import { requireArguments, requireConstant } from "./call-arguments.js";
import { type CheckedExpression } from "./checked-program.js";
import { type ProbeState } from "./probe-state.js";
import { stackMode } from "./stack-mode.js";

/** Words that are a stack; `stack` is ply's for the kernel's. */
const spaces: ReadonlyMap<string, "kernel" | "user"> = new Map([
  ["kstack", "kernel"],
  ["stack", "kernel"],
  ["ustack", "user"],
]);

/** What the kernel gives at most, unless kernel.perf_event_max_stack says otherwise. */
const usualLimit = 127;
const highestLimit = 1023n;

export const stackNames: readonly string[] = [...spaces.keys()];

/** `kstack`, `ustack`: as many frames as there usually are, in the way that `config` says. */
export function checkStack(probe: ProbeState, name: string, span: Span): CheckedExpression {
  return stackOf(probe, name, probe.program.config.stackMode, usualLimit, span);
}

/** `kstack(perf)`, `kstack(3)`, `kstack(perf, 3)`. */
export function checkStackCall(
  probe: ProbeState,
  call: ExpressionOf<"call">,
): CheckedExpression | undefined {
  if (!requireArguments(probe, call, 0, 2)) return undefined;
  const [first] = call.args;
  const isMode = first?.kind === "identifier";
  const mode = isMode ? checkMode(probe, call.name, first) : probe.program.config.stackMode;
  const limitAt = isMode ? 1 : 0;
  if (mode === undefined || (!isMode && !requireArguments(probe, call, 0, 1))) return undefined;
  const range = { from: 1n, to: highestLimit };
  const limit =
    call.args.length > limitAt ? requireConstant(probe, call, limitAt, range) : BigInt(usualLimit);
  if (limit === undefined) return undefined;
  return stackOf(probe, call.name, mode, Number(limit), call.span);
}

function checkMode(
  probe: ProbeState,
  name: string,
  word: Expression & { readonly kind: "identifier" },
): StackMode | undefined {
  const mode = stackMode(word.name);
  if (mode !== undefined) return mode;
  if (word.name === "build_id") return probe.notSupported(word.span, "stacks with build ids are");
  const message = `${name}() has no mode ${word.name}`;
  return probe.error("bad-value", word.span, message, ["Modes are bpftrace, perf and raw."]);
}

function stackOf(
  probe: ProbeState,
  name: string,
  mode: StackMode,
  limit: number,
  span: Span,
): CheckedExpression {
  probe.program.stackLimits.add(limit);
  const space = spaces.get(name) ?? "kernel";
  return { kind: "stack", type: { kind: "stack", space, mode, limit }, span };
}
