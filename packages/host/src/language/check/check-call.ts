import { acrossBuckets, bucketsOf } from "./bucketed-entry.js";
import { cutUtf8 } from "../../text/utf8.js";
import { meantHints, nearNames } from "../near-names.js";
import { type ExpressionOf } from "../syntax/ast.js";
import { noDefinition } from "../syntax/expand-macros.js";
import { requireArguments, requireInteger, requireText } from "./call-arguments.js";
import { checkBuiltin, isBuiltin } from "./check-builtin.js";
import { checkBuf, checkMacaddr, checkNtop, checkPton } from "./check-bytes.js";
import { checkNsecs, checkProcessId } from "./check-clocks.js";
import { checkKaddr } from "./check-kaddr.js";
import { checkKfuncAllowed, checkKfuncExist } from "./check-kfunc.js";
import { checkPath, checkSocketCookie } from "./check-kernel-objects.js";
import { checkPercpuKaddr } from "./check-percpu.js";
import { checkFind, checkLen } from "./check-length.js";
import { checkUaddr } from "./check-uaddr.js";
import { checkReg } from "./check-register.js";
import { checkOverride, checkSignal } from "./check-signal.js";
import { checkCode } from "./check-code.js";
import { checkKeys, requireAssigned } from "./check-place.js";
import { checkCgroupId, checkCgroupPath } from "./check-cgroup.js";
import { checkComptime, checkPredicate, introspectionNames } from "./check-introspection.js";
import { checkOption } from "./check-option.js";
import { checkText } from "./check-text.js";
import { type CheckedExpression } from "./checked-program.js";
import { convert } from "./coerce.js";
import { maximumStringBytes } from "./config.js";
import { convertConstant, integerConstant, stringConstant } from "./constant.js";
import {
  aggregationNames,
  assertionNames,
  functionNames,
  statementNames,
  unsupportedFunctions,
} from "./function-names.js";
import { checkDeleted } from "./check-map-call.js";
import { checkStackCall } from "./check-stack.js";
import { checkIsErr, checkTaskCall, taskFunctions } from "./check-task-call.js";
import { checkWriteUser } from "./check-write-user.js";
import {
  checkBswap,
  checkConcatenation,
  checkMemcmp,
  checkStrcap,
  checkStrcontains,
  checkStrlen,
  checkStrstr,
} from "./check-strings.js";
import { textOf } from "./name-text.js";
import { type ProbeState, type StringRoom } from "./probe-state.js";
import {
  boolean,
  describeKind,
  describeType,
  int64,
  type StringType,
  uint32,
  uint64,
  type Type,
} from "./type.js";
import { sizeOfType, typeOfWord } from "./type-size.js";
import { sizeOfValue, valueTypeOf } from "./value-layout.js";

type Call = ExpressionOf<"call">;
type CallCheck = (probe: ProbeState, call: Call, room: StringRoom) => CheckedExpression | undefined;

const valueFunctions: ReadonlyMap<string, CallCheck> = new Map<string, CallCheck>([
  ["str", checkStr],
  ["ksym", checkKsym],
  ["usym", checkUsym],
  ["strftime", checkStrftime],
  ["strncmp", checkStrncmp],
  ["strcontains", checkStrcontains],
  ["has_key", checkHasKey],
  ["delete", checkDeleted],
  ["kptr", (probe, call) => checkPointerSpace(probe, call, "kernel")],
  ["uptr", (probe, call) => checkPointerSpace(probe, call, "user")],
  ["sizeof", checkSizeof],
  ["strlen", checkStrlen],
  ["strcap", checkStrcap],
  ["strstr", checkStrstr],
  ["str_concat", checkConcatenation],
  ["memcmp", checkMemcmp],
  ["bswap", checkBswap],
  ["nsecs", checkNsecs],
  ["pid", checkProcessId],
  ["tid", checkProcessId],
  ["len", checkLen],
  ["find", checkFind],
  ["kaddr", checkKaddr],
  ["percpu_kaddr", checkPercpuKaddr],
  ["path", checkPath],
  ["kfunc_exist", checkKfuncExist],
  ["kfunc_allowed", checkKfuncAllowed],
  ["cgroupid", checkCgroupId],
  ["cgroup_path", checkCgroupPath],
  ["socket_cookie", checkSocketCookie],
  ["uaddr", checkUaddr],
  ["reg", checkReg],
  ["signal", checkSignal],
  ["signal_thread", checkSignal],
  ["override", checkOverride],
  ["write_user", checkWriteUser],
  ["is_err", checkIsErr],
  ["buf", checkBuf],
  ["ntop", checkNtop],
  ["pton", checkPton],
  ["macaddr", checkMacaddr],
  ["strerror", checkCode],
  ["syscall_name", checkCode],
  ["signal_name", checkCode],
  ["kstack", checkStackCall],
  ["ustack", checkStackCall],
  ["dw_ustack", checkStackCall],
  ["stack", checkStackCall],
  ["getopt", checkOption],
  ...introspectionNames.map((name) => [name, checkPredicate] as const),
  ["comptime", checkComptime],
]);

/** A call where its value is wanted. */
export function checkCall(
  probe: ProbeState,
  call: Call,
  room: StringRoom,
): CheckedExpression | undefined {
  const { name, span } = call;
  const check = valueFunctions.get(name);
  if (check !== undefined) return check(probe, call, room);
  if (isBuiltin(name) && call.args.length === 0) return checkBuiltin(probe, name, span);
  const ofTask = taskFunctions.find((one) => one === name);
  if (ofTask !== undefined) return checkTaskCall(probe, call, ofTask);
  if (aggregationNames.has(name)) {
    return probe.error("type-mismatch", span, `${name}() must be assigned directly to a map`, [
      `Write @ = ${name}(…) or @[key] = ${name}(…).`,
    ]);
  }
  if (statementNames.has(name) || assertionNames.has(name)) {
    return probe.error("type-mismatch", span, `${name}() gives no value: it must stand alone`);
  }
  return unknownFunction(probe, call);
}

/** Reports a name that is no function, or none yet. */
export function unknownFunction(probe: ProbeState, call: Call): undefined {
  const { name, span } = call;
  if (unsupportedFunctions.has(name)) return checkUnsupported(probe, call);
  if (isBuiltin(name)) {
    return probe.error("argument-count", call.span, noDefinition(name), ["It takes no arguments."]);
  }
  const near = nearNames(name, [...functionNames, ...unsupportedFunctions]);
  return probe.error("unknown-function", span, `Unknown function: '${name}'`, meantHints(near));
}

/** `str(p)`, `str(p, n)`, `str($1)`. */
function checkStr(probe: ProbeState, call: Call, room: StringRoom): CheckedExpression | undefined {
  const [argument] = call.args;
  if (!requireArguments(probe, call, 1, 2) || argument === undefined) return undefined;
  const length = call.args.length > 1 ? requireInteger(probe, call, 1) : undefined;
  if (call.args.length > 1 && length === undefined) return undefined;
  if (argument.kind === "positional") {
    const text = probe.program.positional[argument.index - 1] ?? "";
    const value = checkText(probe, text, call.span);
    return value === undefined ? undefined : cutString(probe, call, value, length);
  }
  const checked = probe.check(argument, room);
  if (checked === undefined) return undefined;
  // A number that is written out is its own text, as $1 may be.
  const isNumber = checked.kind === "constant" && checked.isLiteral === true;
  const value = isNumber
    ? stringConstant(String(checked.value), call.span)
    : textOf(probe, checked);
  if (value.type.kind === "string") return cutString(probe, call, value, length);
  const type = readType(probe, call, length, room);
  if (type === undefined) return undefined;
  if (value.type.kind !== "pointer" && value.type.kind !== "integer") {
    const message = `str() expects a string, integer or a pointer type as first argument (${describeType(value.type)} provided)`;
    return probe.error("argument-type", call.span, message);
  }
  return {
    kind: "readString",
    pointer: value,
    space: value.type.kind === "pointer" ? value.type.space : probe.probe.pointerSpace,
    length: length === undefined || length.kind === "constant" ? undefined : length,
    type,
    span: call.span,
  };
}

/** How many bytes are compared, which must be written out. */
function requireLength(probe: ProbeState, call: Call, most: bigint): bigint | undefined {
  const [, , argument] = call.args;
  const value = argument === undefined ? undefined : probe.check(argument);
  if (value === undefined) return undefined;
  if (value.kind !== "constant" || value.type.kind !== "integer" || value.value < 0n) {
    const message = `Builtin ${call.name} requires a non-negative literal`;
    return probe.error("bad-value", call.span, message);
  }
  return value.value > most ? most : value.value;
}

/** What a str() of so many bytes, its NUL among them, gives: as much as its place has, when its length does not say. */
function readType(
  probe: ProbeState,
  call: Call,
  length: CheckedExpression | undefined,
  { capacityBytes }: StringRoom,
): StringType | undefined {
  const whole = { kind: "string", capacityBytes, showsCut: true } as const;
  if (length?.kind !== "constant") return whole;
  const most = BigInt(probe.program.config.recordStringBytes - 1);
  if (length.value < 0n) {
    const message = `str() cannot use negative length (${length.value})`;
    return probe.error("bad-value", call.span, message);
  }
  if (length.value > most) {
    const message = `length param (${length.value}) is too long and will be shortened to ${most} bytes (see BPFTRACE_MAX_STRLEN)`;
    probe.program.diagnostics.warn("bad-value", call.span, message);
    return whole;
  }
  return { kind: "string", capacityBytes: Math.max(1, Number(length.value)) };
}

/** str() of what is a string already: itself, or its first bytes. */
function cutString(
  probe: ProbeState,
  call: Call,
  value: CheckedExpression,
  length: CheckedExpression | undefined,
): CheckedExpression | undefined {
  if (length === undefined || value.type.kind !== "string") return value;
  if (length.kind === "constant" && value.kind === "stringConstant" && length.value >= 0n) {
    return stringConstant(cutUtf8(value.value, Number(length.value)), call.span);
  }
  const { capacityBytes } = value.type;
  if (length.kind === "constant") {
    const type = readType(probe, call, length, probe.storedRoom());
    if (type === undefined) return undefined;
    if (type.showsCut === true || type.capacityBytes >= capacityBytes) return value;
    if (value.kind === "contextString" || value.kind === "dataLocation") return { ...value, type };
    return { kind: "shortened", string: value, length: undefined, type, span: call.span };
  }
  return { kind: "shortened", string: value, length, type: value.type, span: call.span };
}

function checkKsym(probe: ProbeState, call: Call): CheckedExpression | undefined {
  return reinterpret(probe, call, { kind: "ksym" });
}

/** `usym(address)`: of the process that comes here. */
function checkUsym(probe: ProbeState, call: Call): CheckedExpression | undefined {
  const { span } = call;
  const address = reinterpret(probe, call, uint64);
  if (address === undefined) return undefined;
  const pid = { kind: "builtin", name: "pid", type: uint32, span } as const;
  const filling = { kind: "constant", value: 0n, type: uint32, span } as const;
  return { kind: "tuple", elements: [address, pid, filling], type: { kind: "usym" }, span };
}

function checkPointerSpace(
  probe: ProbeState,
  call: Call,
  space: "kernel" | "user",
): CheckedExpression | undefined {
  const [argument] = call.args;
  if (!requireArguments(probe, call, 1) || argument === undefined) return undefined;
  const value = probe.check(argument);
  if (value === undefined) return undefined;
  if (value.type.kind !== "pointer" && value.type.kind !== "integer") {
    const message = `${call.name}() only supports integer or pointer arguments (${describeKind(value.type)} provided)`;
    return probe.error("argument-type", call.span, message);
  }
  const target = value.type.kind === "pointer" ? value.type.target : undefined;
  return reinterpret(probe, call, { kind: "pointer", space, target });
}

/** The same number, taken as something else. */
function reinterpret(probe: ProbeState, call: Call, type: Type): CheckedExpression | undefined {
  const [argument] = call.args;
  if (!requireArguments(probe, call, 1) || argument === undefined) return undefined;
  const value = probe.check(argument);
  if (value === undefined) return undefined;
  if (value.type.kind !== "integer" && value.type.kind !== "pointer") {
    const message = `${call.name}() expects an integer or pointer argument`;
    return probe.error("argument-type", call.span, message);
  }
  if (value.kind === "constant") {
    return { ...value, value: convertConstant(value.value, type), type, span: call.span };
  }
  return convert(value, type, call.span);
}

/** `strftime(format, nsecs)`. */
function checkStrftime(probe: ProbeState, call: Call): CheckedExpression | undefined {
  if (!requireArguments(probe, call, 2)) return undefined;
  const format = requireText(probe, call, 0);
  const time = requireInteger(probe, call, 1);
  if (format === undefined || time === undefined) return undefined;
  return convert(time, { kind: "timestamp", format, clock: probe.program.clock }, call.span);
}

/** `strncmp(a, b, n)`: 0 when the first n bytes are the same. */
function checkStrncmp(probe: ProbeState, call: Call): CheckedExpression | undefined {
  if (!requireArguments(probe, call, 3)) return undefined;
  const most = BigInt(maximumStringBytes - 1);
  const limit = requireLength(probe, call, most);
  const room = limit === undefined ? undefined : probe.storedRoom(Number(limit) + 1);
  const checked = probe.checkAll(call.args.slice(0, 2), room) ?? [];
  const [left, right] = checked.map((one) => textOf(probe, one));
  if (limit === undefined || left === undefined || right === undefined) return undefined;
  for (const side of [left, right]) {
    if (side.type.kind === "string") continue;
    const message = `strncmp() only supports string arguments (${describeKind(side.type)} provided)`;
    return probe.error("argument-type", call.span, message);
  }
  const { span } = call;
  const limitBytes = Number(limit);
  if (limitBytes === 0) return integerConstant(0n, span);
  if (left.kind === "stringConstant" && right.kind === "stringConstant") {
    const isSame = cutUtf8(left.value, limitBytes) === cutUtf8(right.value, limitBytes);
    return integerConstant(isSame ? 0n : 1n, span);
  }
  return {
    kind: "compareStrings",
    operation: "different",
    left,
    right,
    limitBytes,
    type: int64,
    span,
  };
}

/** `has_key(@m, k)`. */
function checkHasKey(probe: ProbeState, call: Call): CheckedExpression | undefined {
  const [map, ...keys] = call.args;
  if (!requireArguments(probe, call, 1, Infinity) || map === undefined) return undefined;
  if (map.kind !== "map" || map.keys.length > 0) {
    const hints = ["It takes a map, as has_key(@m, key)."];
    return probe.error("argument-type", call.span, noDefinition(call.name), hints);
  }
  const isScalar = probe.program.maps.get(map.name).keys?.slots.length === 0;
  if (isScalar && keys.length > 0) {
    const message = "call to has_key() expects a map with explicit keys (non-scalar map)";
    return probe.error("argument-type", call.span, message);
  }
  const checked = checkKeys(probe, map.name, keys, call.span);
  const state = requireAssigned(probe, map.name, map.nameSpan);
  if (checked === undefined || state === undefined) return undefined;
  const contents = state.contents?.contents;
  const id = probe.program.maps.idOf(map.name);
  if (contents?.kind === "aggregation") {
    const buckets = bucketsOf(contents.aggregation, checked.length > 0);
    if (buckets !== undefined) {
      return acrossBuckets(probe, "hasKey", { map: id, keys: checked, buckets }, call.span);
    }
    if (checked.length === 0) probe.program.maps.noteRead(map.name);
  }
  return { kind: "hasKey", map: id, keys: checked, type: boolean, span: call.span };
}

/** One of bpftrace's that is not here: what bpftrace would refuse is refused in its words. */
function checkUnsupported(probe: ProbeState, call: Call): undefined {
  const { name, span, args } = call;
  const { type } = probe.probe;
  if (name === "skboutput") {
    const shown = type === "begin" || type === "end" ? probe.probe.name : type;
    if (type !== "fentry" && type !== "fexit") {
      return probe.error("wrong-probe", span, `skboutput can not be used with "${shown}" probes`);
    }
    if (!requireArguments(probe, call, 4)) return undefined;
  }
  if (name === "unwatch") {
    if (!requireArguments(probe, call, 1)) return undefined;
    const given = args[0] === undefined ? undefined : probe.check(args[0]);
    if (given === undefined) return undefined;
    if (given.type.kind !== "integer") {
      const message = `unwatch() only supports int arguments (${describeKind(given.type)} provided)`;
      return probe.error("argument-type", span, message);
    }
  }
  return probe.notSupported(span, `${name}() is`);
}

/** `sizeof(expression)`. */
function checkSizeof(probe: ProbeState, call: Call): CheckedExpression | undefined {
  const [argument] = call.args;
  if (!requireArguments(probe, call, 1) || argument === undefined) return undefined;
  const named = typeOfWord(probe, argument);
  if (named !== undefined) return integerConstant(BigInt(sizeOfType(probe, named)), call.span);
  const value = probe.check(argument);
  if (value === undefined) return undefined;
  // As bpftrace lays buffers out, with a length of 4 bytes.
  const { type } = value;
  // A number of an enumeration is one of 64 bits, as in bpftrace, save where it lies in memory.
  const isEnumerator = type.kind === "integer" && type.enumeration !== undefined;
  if (isEnumerator && (value.kind === "constant" || value.kind === "scratch")) {
    return integerConstant(8n, call.span);
  }
  const size = type.kind === "bytes" ? type.capacityBytes + 4 : sizeOfValue(valueTypeOf(type));
  // As there, too: one of no length is as long as max_strlen says, one of a length has a NUL more.
  // What is read of a tracepoint's array of characters has a NUL behind it, the array has not.
  const isArray = type.kind === "string" && type.isArray === true;
  const isCall = value.kind === "readString" && argument.kind === "call";
  const more = isArray ? -1 : !isCall ? 0 : value.type.showsCut === true ? -1 : 1;
  return integerConstant(BigInt(size + more), call.span);
}
