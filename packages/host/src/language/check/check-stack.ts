import { buildIdWords } from "../../spec/stack-map.js";
import { type StackMode } from "../../spec/value-type.js";
import { type Expression, type ExpressionOf } from "../syntax/ast.js";
import { type Span } from "../syntax/span.js";
import { requireArguments } from "./call-arguments.js";
import { checkUnstable } from "./check-unstable.js";
import { type CheckedExpression } from "./checked-program.js";
import { type ProbeState } from "./probe-state.js";
import { stackMode } from "./stack-mode.js";
import { checkUnwinding } from "./unwinding.js";

/** Words that are a stack; `stack` is ply's for the kernel's. */
const spaces: ReadonlyMap<string, "kernel" | "user"> = new Map([
  ["dw_ustack", "user"],
  ["kstack", "kernel"],
  ["stack", "kernel"],
  ["ustack", "user"],
]);

/** The user's stack by what files say of their frames, where compilers leave frame pointers out. */
const unwound = "dw_ustack";

/** What the kernel gives at most, unless kernel.perf_event_max_stack says otherwise. */
const usualLimit = 127;
const highestLimit = 1024n;

export const stackNames: readonly string[] = [...spaces.keys()];

/** `kstack`, `ustack`: as many frames as there usually are, in the way that `config` says. */
export function checkStack(
  probe: ProbeState,
  name: string,
  span: Span,
): CheckedExpression | undefined {
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
  if (mode === undefined) return undefined;
  if (!isMode && call.args.length > 1) {
    return probe.error("argument-type", call.span, "Expected stack mode as first argument");
  }
  const limit =
    call.args[limitAt] === undefined ? BigInt(usualLimit) : checkLimit(probe, call, limitAt);
  if (limit === undefined) return undefined;
  // bpftrace calls it unstable where it is called with brackets.
  if (call.name === unwound && !checkUnstable(probe, "unwinding", call.span)) return undefined;
  return stackOf(probe, call.name, mode, Number(limit), call.span);
}

/** How many frames: no more than the kernel gives. */
function checkLimit(
  probe: ProbeState,
  call: ExpressionOf<"call">,
  index: number,
): bigint | undefined {
  const argument = call.args[index];
  const value = argument === undefined ? undefined : probe.check(argument);
  if (value === undefined) return undefined;
  const { name, span } = call;
  if (value.kind !== "constant" || value.type.kind !== "integer" || value.value < 1n) {
    return probe.error("bad-value", span, `${name}: invalid limit value`);
  }
  if (value.value < highestLimit) return value.value;
  if (value.value === highestLimit) return highestLimit - 1n;
  const message = `${name}([int limit]): limit shouldn't exceed ${highestLimit}, ${value.value} given`;
  return probe.error("bad-value", span, message);
}

function checkMode(
  probe: ProbeState,
  name: string,
  word: Expression & { readonly kind: "identifier" },
): StackMode | undefined {
  const mode = stackMode(word.name);
  if (mode !== undefined) return mode;
  const message = `Error parsing stack mode: ${name}: Invalid value for stack_mode: valid values are bpftrace, raw, perf, and build_id.`;
  return probe.error("bad-value", word.span, message);
}

function stackOf(
  probe: ProbeState,
  name: string,
  mode: StackMode,
  frames: number,
  span: Span,
): CheckedExpression | undefined {
  const space = spaces.get(name) ?? "kernel";
  const isUnwound = name === unwound;
  if (mode === "build_id" && (space === "kernel" || isUnwound)) {
    return probe.error("bad-value", span, "'build_id' stack mode can only be used for ustack");
  }
  if (mode === "build_id" && !probe.program.target.features.includes("get_stack")) {
    return probe.notSupported(span, "stacks with build ids are");
  }
  if (isUnwound && checkUnwinding(probe, span) === undefined) return undefined;
  const limit = mode === "build_id" ? frames * buildIdWords : frames;
  probe.program.stackLimits.add(limit);
  return { kind: "stack", isUnwound, type: { kind: "stack", space, mode, limit }, span };
}
