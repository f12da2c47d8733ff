import { meantHints, nearNames } from "../near-names.js";
import { type Span } from "../syntax/span.js";
import { type BuiltinName, type CheckedExpression } from "./checked-program.js";
import { functionNames, unsupportedFunctions } from "./function-names.js";
import { booleanConstant } from "./constant.js";
import { checkParentProcess } from "./parent-process.js";
import { type ProbeType } from "./probes/concrete-probe.js";
import { probeTypeName } from "./probes/probe-type-name.js";
import { type ProbeState } from "./probe-state.js";
import { registerArgument } from "./register-argument.js";
import { allUserArguments, argumentsRecord } from "./check-user-argument.js";
import { checkUsdtArgument } from "./check-usdt-argument.js";
import { moreBuiltins } from "./check-more-builtins.js";
import { checkStack, stackNames } from "./check-stack.js";
import { boolean, uint32, uint64, type Type } from "./type.js";

const plainBuiltins: ReadonlyMap<string, { readonly name: BuiltinName; readonly type: Type }> =
  new Map(
    (
      [
        { name: "pid", type: uint32 },
        { name: "tid", type: uint32 },
        { name: "uid", type: uint32 },
        { name: "gid", type: uint32 },
        // TASK_COMM_LEN
        { name: "comm", type: { kind: "string", capacityBytes: 16 } },
        { name: "nsecs", type: uint64 },
        { name: "elapsed", type: uint64 },
        { name: "cpu", type: uint32 },
        { name: "curtask", type: { kind: "pointer", space: "kernel", target: undefined } },
        { name: "rand", type: uint32 },
      ] satisfies { name: BuiltinName; type: Type }[]
    ).map((builtin) => [builtin.name, builtin]),
  );

/** Builtins of bpftrace's that this compiler does not have yet. */
const unsupportedBuiltins: ReadonlySet<string> = new Set("walltime".split(" "));

const ownNames = [
  ...["cpid", "has_cpid", "args", "arg0", "arg1", "ctx", "func", "ppid", "probe", "retval"],
  ...stackNames,
];

/** Whether a word is a builtin: it may be written with empty parentheses too. */
export function isBuiltin(name: string): boolean {
  return (
    plainBuiltins.has(name) ||
    moreBuiltins.has(name) ||
    ownNames.includes(name) ||
    /^arg[0-9]+$/.test(name)
  );
}

/** What a bare word stands for. */
export function checkBuiltin(
  probe: ProbeState,
  name: string,
  span: Span,
): CheckedExpression | undefined {
  const plain = plainBuiltins.get(name);
  if (plain !== undefined) {
    if (plain.name === "elapsed") probe.program.usesElapsed = true;
    const type = plain.name === "curtask" ? currentTask(probe) : plain.type;
    return { kind: "builtin", name: plain.name, type, span };
  }
  const more = moreBuiltins.get(name);
  if (more !== undefined) return more(probe, span);
  const argument = /^arg([0-9]{1,2})$/.exec(name)?.[1];
  if (argument !== undefined) return checkArgument(probe, Number(argument), span);
  switch (name) {
    case "probe":
      return checkProbeName(probe, span);
    case "ctx":
      return checkContext(probe, span);
    case "func":
      return checkFunc(probe, span);
    case "retval":
      return checkReturnValue(probe, span);
    case "cpid":
      return childProcess(probe, span);
    case "has_cpid":
      return booleanConstant(probe.program.childPid !== undefined, span);
    case "ppid":
      return checkParentProcess(probe, span);
    case "kstack":
    case "ustack":
    case "dw_ustack":
    case "stack":
      return checkStack(probe, name, span);
    case "args":
      return checkArgs(probe, span);
    default:
      return unknownName(probe, name, span);
  }
}

/** All arguments as one value: a record. */
function checkArgs(probe: ProbeState, span: Span): CheckedExpression | undefined {
  const { type, name, parameters } = probe.probe;
  switch (type) {
    case "uprobe":
      return allUserArguments(probe, span);
    case "rawtracepoint":
    case "fentry":
    case "fexit": {
      if (parameters === undefined)
        return probe.notSupported(span, `args of ${name} without BTF are`);
      const elements = parameters.map((parameter, index) =>
        rawArgument(probe, wordOfParameter(parameters, index), parameter, span),
      );
      return argumentsRecord(elements, parameters, span);
    }
    case "tracepoint": {
      const message = `struct ${name}_args is no value: it cannot be printed, kept or passed on whole`;
      return probe.error("type-mismatch", span, message, ["Read a field of it: args.name."]);
    }
    default: {
      const message = refusedArgs(type);
      return probe.error("wrong-probe", span, message);
    }
  }
}

function checkContext(probe: ProbeState, span: Span): CheckedExpression | undefined {
  const { type } = probe.probe;
  if (type !== "begin" && type !== "end") return contextPointer(probe, span);
  const message = `The ctx builtin can not be used with '${type}' probes`;
  return probe.error("wrong-probe", span, message);
}

/** Of what it points to only iterators tell. */
function contextPointer(probe: ProbeState, span: Span): CheckedExpression {
  const { contextType } = probe.probe;
  const name = /^struct (\w+)$/.exec(contextType ?? "")?.[1];
  const target =
    name === undefined ? undefined : probe.program.types.declared("struct", name, "kernel");
  return { kind: "builtin", name: "ctx", type: { kind: "pointer", space: "kernel", target }, span };
}

function currentTask(probe: ProbeState): Type {
  const target = probe.program.types.declared("struct", "task_struct", "kernel");
  return { kind: "pointer", space: "kernel", target };
}

function unknownName(probe: ProbeState, name: string, span: Span): undefined {
  if (unsupportedBuiltins.has(name)) return probe.notSupported(span, `${name} is`);
  if (functionNames.has(name) || unsupportedFunctions.has(name)) {
    return probe.error("unknown-name", span, `${name} is a function: ${name}(…)`);
  }
  const near = nearNames(name, [
    ...plainBuiltins.keys(),
    ...moreBuiltins.keys(),
    ...ownNames,
    ...unsupportedBuiltins,
  ]);
  return probe.error("unknown-name", span, `Unknown identifier: '${name}'`, meantHints(near));
}

function checkProbeName(probe: ProbeState, span: Span): CheckedExpression {
  const { name, systemCalls, isJoined } = probe.probe;
  if (systemCalls === undefined && isJoined === undefined) return nameConstant(probe, name, span);
  probe.asksName = true;
  return { kind: "builtin", name: "probe", type: { kind: "name" }, span };
}

function nameConstant(probe: ProbeState, name: string, span: Span): CheckedExpression {
  const index = BigInt(probe.program.nameIndex(name));
  return { kind: "constant", value: index, type: { kind: "name" }, span };
}

/** The process that was started for the trace. */
function childProcess(probe: ProbeState, span: Span): CheckedExpression | undefined {
  const { childPid } = probe.program;
  if (childPid !== undefined) {
    return { kind: "constant", value: BigInt(childPid), type: uint32, span };
  }
  probe.program.diagnostics.warn("bad-value", span, "No child command (`-c`); cpid is zero", [
    "has_cpid tells whether there is one.",
  ]);
  return { kind: "constant", value: 0n, type: uint32, span };
}

/** As bpftrace has it. */
export function refusedArgs(type: ProbeType): string {
  return `The args builtin can only be used with tracepoint, rawtracepoint, fentry/fexit, and uprobe probes (${probeTypeName(type)} used here)`;
}

function checkFunc(probe: ProbeState, span: Span): CheckedExpression | undefined {
  const { functionName, type, name, isJoined } = probe.probe;
  if (isJoined === true) {
    probe.asksFunction = true;
    return { kind: "builtin", name: "func", type: { kind: "name" }, span };
  }
  if (functionName !== undefined) return nameConstant(probe, functionName, span);
  const message =
    type === "uprobe" || type === "uretprobe"
      ? `func is not known in ${name}, which names no function`
      : `The func builtin can not be used with '${type}' probes`;
  return probe.error("wrong-probe", span, message);
}

function checkReturnValue(probe: ProbeState, span: Span): CheckedExpression | undefined {
  const { type, parameters, result, name } = probe.probe;
  if (type === "kretprobe" || type === "uretprobe") {
    return { kind: "returnValue", type: uint64, span };
  }
  if (type === "fexit") {
    if (result !== undefined) {
      return rawArgument(probe, wordsOf(parameters ?? []), result, span);
    }
    const message = `retval cannot be used with ${name}: the function returns nothing`;
    return probe.error("wrong-probe", span, message);
  }
  const message =
    "The retval builtin can only be used with 'kretprobe' and 'uretprobe' and 'fentry' probes";
  return probe.error("wrong-probe", span, message, ["kretprobe, uretprobe and fexit have it."]);
}

/** The 64-bit words of the context that parameters take: one each, and more for structures that are passed whole. */
function wordsOf(parameters: readonly { readonly sizeBytes: number }[]): number {
  return parameters.reduce((sum, { sizeBytes }) => sum + Math.max(1, Math.ceil(sizeBytes / 8)), 0);
}

/** Where in the context the parameter of this index is. */
export function wordOfParameter(
  parameters: readonly { readonly sizeBytes: number }[],
  index: number,
): number {
  return wordsOf(parameters.slice(0, index));
}

function checkArgument(
  probe: ProbeState,
  index: number,
  span: Span,
): CheckedExpression | undefined {
  const { type, parameters, name } = probe.probe;
  if (type === "rawtracepoint" || type === "fentry" || type === "fexit") {
    const parameter = parameters?.[index];
    if (parameter !== undefined) {
      return rawArgument(probe, wordOfParameter(parameters ?? [], index), parameter, span);
    }
    if (parameters === undefined && index < 12) {
      return { kind: "argument", index, type: uint64, span };
    }
    const count = parameters?.length ?? 12;
    return probe.error(
      "unknown-name",
      span,
      `${name} has ${count} arguments, arg${index} is none of them`,
    );
  }
  if (type === "usdt") return checkUsdtArgument(probe, index, span);
  if (type !== "kprobe" && type !== "uprobe") {
    const message = `The arg${index} builtin can only be used with 'kprobes', 'uprobes' and 'usdt' probes`;
    return probe.error("wrong-probe", span, message, [
      "kprobe, uprobe, usdt, fentry and rawtracepoint have arguments by number.",
    ]);
  }
  return registerArgument(probe, index, span);
}

/** An argument of a raw tracepoint whose type is known from BTF. */
export function rawArgument(
  probe: ProbeState,
  index: number,
  parameter: {
    readonly typeName: string;
    readonly isPointer: boolean;
    readonly isSigned: boolean;
    readonly sizeBytes: number;
  },
  span: Span,
): CheckedExpression {
  const { typeName, isPointer, isSigned, sizeBytes } = parameter;
  if (isPointer) {
    const target = probe.program.types.pointedTo(typeName, "kernel");
    return { kind: "argument", index, type: { kind: "pointer", space: "kernel", target }, span };
  }
  if (typeName === "bool" || typeName === "_Bool") {
    return { kind: "argument", index, type: boolean, span };
  }
  const type: Type =
    sizeBytes === 1 || sizeBytes === 2 || sizeBytes === 4
      ? { kind: "integer", sizeBytes, isSigned }
      : { kind: "integer", sizeBytes: 8, isSigned };
  return { kind: "argument", index, type, span };
}
