import { type ExpressionOf } from "../syntax/ast.js";
import { aggregationHeld } from "./aggregation-value.js";
import { noDefinition } from "../syntax/expand-macros.js";
import { type CheckedExpression } from "./checked-program.js";
import { type ProbeState } from "./probe-state.js";
import { describeKind, describeType } from "./type.js";

type Call = ExpressionOf<"call">;

/** What bpftrace has as macros of its library: their definitions are what a call must match. */
const libraryNames: ReadonlySet<string> = new Set(
  (
    "delete find has_key is_array is_err is_integer is_literal is_ptr is_str is_unsigned_integer len memcmp override " +
    "signal signal_thread strcap strcontains strerror strlen strstr syscall_name uaddr usermode write_user assert " +
    "static_assert signal_name str_concat kfunc_exist kfunc_allowed ppid pcomm leader_tid leader_comm dw_ustack"
  ).split(" "),
);

/** Whether a call has from `from` to `to` arguments; reports it when not. */
export function requireArguments(
  probe: ProbeState,
  call: Call,
  from: number,
  to: number = from,
): boolean {
  const count = call.args.length;
  if (count >= from && count <= to) return true;
  const wanted =
    from === to
      ? `requires ${argumentsOf(from)}`
      : count < from
        ? `requires at least ${argumentsOf(from)}`
        : `takes up to ${argumentsOf(to)}`;
  const said = `${call.name}() ${wanted} (${count} provided)`;
  if (libraryNames.has(call.name)) {
    probe.error("argument-count", call.span, noDefinition(call.name), [`${said}.`]);
  } else probe.error("argument-count", call.span, said);
  return false;
}

function argumentsOf(count: number): string {
  if (count < 2) return count === 0 ? "no arguments" : "one argument";
  return `${count} arguments`;
}

/** The text of an argument that must be a literal. */
export function requireText(probe: ProbeState, call: Call, index: number): string | undefined {
  const argument = call.args[index];
  if (argument === undefined) return undefined;
  if (argument.kind === "string") return argument.value;
  const value = probe.check(argument);
  if (value === undefined) return undefined;
  if (value.kind === "stringConstant") return value.value;
  const message = `${call.name}() expects a string literal (${describeKind(value.type)} provided)`;
  return probe.error("argument-type", call.span, message);
}

/** The text of the only argument, a literal. */
export function requireOnlyText(probe: ProbeState, call: Call): string | undefined {
  return requireArguments(probe, call, 1) ? requireText(probe, call, 0) : undefined;
}

/** The value of an argument that must be a constant in a range. */
export function requireConstant(
  probe: ProbeState,
  call: Call,
  index: number,
  range: { readonly from: bigint; readonly to: bigint },
): bigint | undefined {
  const argument = call.args[index];
  if (argument === undefined) return undefined;
  const value = probe.check(argument);
  if (value === undefined) return undefined;
  if (value.kind !== "constant" || value.type.kind !== "integer") {
    const message = `${call.name}() expects a int literal (${describeKind(value.type)} provided)`;
    return probe.error("argument-type", call.span, message);
  }
  if (value.value >= range.from && value.value <= range.to) return value.value;
  const message = `${call.name}() takes ${range.from} to ${range.to} here, not ${value.value}`;
  return probe.error("bad-value", argument.span, message);
}

/** What is gathered: an integer, and no aggregation. */
export function requireGathered(probe: ProbeState, call: Call): CheckedExpression | undefined {
  const [argument] = call.args;
  const value = argument === undefined ? undefined : probe.check(argument);
  if (argument === undefined || value === undefined) return undefined;
  const held = aggregationHeld(probe, argument);
  const isPlain = held === undefined && ["integer", "boolean"].includes(value.type.kind);
  if (isPlain) return value;
  const type = held === undefined ? describeType(value.type) : `${held.kind}_t`;
  const message = `${call.name}() only supports integer arguments (${type} provided)`;
  return probe.error("argument-type", call.span, message);
}

/** An argument that must be an integer. */
export function requireInteger(
  probe: ProbeState,
  call: Call,
  index: number,
): CheckedExpression | undefined {
  const argument = call.args[index];
  const value = argument === undefined ? undefined : probe.check(argument);
  if (value === undefined) return undefined;
  if (value.type.kind === "integer" || value.type.kind === "boolean") return value;
  const message = `${call.name}() only supports int arguments (${describeKind(value.type)} provided)`;
  return probe.error("argument-type", call.span, message);
}

/** Whether the program may change the target; reports it when not. */
export function requireUnsafe(probe: ProbeState, call: Call): boolean {
  if (probe.program.isUnsafe) return true;
  // As in bpftrace, which has functions of its own and others that are made of these.
  const message =
    call.name === "system"
      ? "system() is an unsafe function being used in safe mode"
      : `${call.name}() is unsafe. To use you need the --unsafe flag`;
  probe.error("bad-value", call.span, message, ["--unsafe allows what changes the target."]);
  return false;
}
