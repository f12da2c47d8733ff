import { utf8SizeBytes } from "../../text/utf8.js";
import { type ExpressionOf } from "../syntax/ast.js";
import { requireArguments, requireConstant } from "./call-arguments.js";
import { sizeInMemory } from "./check-memory.js";
import { type CheckedExpression } from "./checked-program.js";
import { maximumStringBytes } from "./config.js";
import { booleanConstant, integerConstant, stringConstant } from "./constant.js";
import { textOf } from "./name-text.js";
import { type ProbeState, type StringRoom } from "./probe-state.js";
import { boolean, describeKind, describeType, int64, uint64 } from "./type.js";

type Call = ExpressionOf<"call">;

/** Where a search looks, times what it may have to compare there: the verifier follows each. */
const mostCompared = 65_536;

/** `strlen(s)`. */
export function checkStrlen(probe: ProbeState, call: Call): CheckedExpression | undefined {
  const string = checkString(probe, call);
  if (string === undefined) return undefined;
  const { span } = call;
  return string.kind === "stringConstant"
    ? integerConstant(BigInt(utf8SizeBytes(string.value)), span)
    : { kind: "stringLength", string, type: uint64, span };
}

/** `strcap(s)`: bytes that a string has room for. */
export function checkStrcap(probe: ProbeState, call: Call): CheckedExpression | undefined {
  const string = checkString(probe, call);
  if (string?.type.kind !== "string") return undefined;
  return integerConstant(BigInt(string.type.capacityBytes), call.span);
}

function checkString(probe: ProbeState, call: Call): CheckedExpression | undefined {
  const [argument] = call.args;
  if (!requireArguments(probe, call, 1) || argument === undefined) return undefined;
  const string = probe.check(argument);
  return string === undefined ? undefined : requireString(probe, call, textOf(probe, string));
}

function requireString(
  probe: ProbeState,
  call: Call,
  value: CheckedExpression,
): CheckedExpression | undefined {
  if (value.type.kind === "string") return value;
  const message = `${call.name}() takes strings, not ${describeType(value.type)}`;
  return probe.error("argument-type", value.span, message);
}

/** `strstr(s, t)`: where t stands in s, -2 when it does not. */
export function checkStrstr(probe: ProbeState, call: Call): CheckedExpression | undefined {
  if (!requireArguments(probe, call, 2)) return undefined;
  const [string, text] = probe.checkAll(call.args)?.map((one) => textOf(probe, one)) ?? [];
  if (string === undefined || text === undefined) return undefined;
  if (requireString(probe, call, string) === undefined) return undefined;
  if (requireString(probe, call, text) === undefined) return undefined;
  const { span } = call;
  if (text.kind === "stringConstant") {
    if (text.value === "") return integerConstant(0n, span);
    if (string.kind === "stringConstant") {
      const at = string.value.indexOf(text.value);
      return integerConstant(at < 0 ? -2n : BigInt(utf8SizeBytes(string.value.slice(0, at))), span);
    }
    if (utf8SizeBytes(text.value) >= capacityOf(string)) return integerConstant(-2n, span);
  }
  const compared = capacityOf(string) * (text.kind === "stringConstant" ? 1 : capacityOf(text));
  if (compared > mostCompared) {
    const message = `${call.name}() would compare ${compared} bytes, the most is ${mostCompared}`;
    return probe.error("argument-type", span, message, ["Give the strings a length: str(p, 64)."]);
  }
  if (!probe.program.target.features.includes("bounded_loops") && compared > 256) {
    const message = `${call.name}() of strings of more than 255 bytes needs Linux 5.3, the target has ${probe.program.target.release}`;
    return probe.error("argument-type", span, message, ["Give it a length: str(p, 64)."]);
  }
  return { kind: "findText", string, text, type: int64, span };
}

function capacityOf({ type }: CheckedExpression): number {
  return type.kind === "string" ? type.capacityBytes : 0;
}

/** `strcontains(s, t)`. */
export function checkStrcontains(probe: ProbeState, call: Call): CheckedExpression | undefined {
  const place = checkStrstr(probe, call);
  if (place === undefined) return undefined;
  const { span } = call;
  if (place.kind === "constant") return booleanConstant(place.value >= 0n, span);
  const right = integerConstant(0n, span);
  return {
    kind: "compare",
    operation: "greaterOrEqual",
    isSigned: true,
    left: place,
    right,
    type: boolean,
    span,
  };
}

/** `str_concat(a, b)`. */
export function checkConcatenation(
  probe: ProbeState,
  call: Call,
  room: StringRoom,
): CheckedExpression | undefined {
  if (!requireArguments(probe, call, 2)) return undefined;
  const [left, right] = probe.checkAll(call.args, room)?.map((one) => textOf(probe, one)) ?? [];
  if (left === undefined || right === undefined) return undefined;
  if (requireString(probe, call, left) === undefined) return undefined;
  if (requireString(probe, call, right) === undefined) return undefined;
  const { span } = call;
  if (left.kind === "stringConstant" && right.kind === "stringConstant") {
    return stringConstant(left.value + right.value, span);
  }
  const capacityBytes = capacityOf(left) + capacityOf(right) - 1;
  return { kind: "concatenation", left, right, type: { kind: "string", capacityBytes }, span };
}

/** `memcmp(a, b, n)`: -1, 0 or 1, by the first bytes that differ. */
export function checkMemcmp(probe: ProbeState, call: Call): CheckedExpression | undefined {
  if (!requireArguments(probe, call, 3)) return undefined;
  const most = BigInt(maximumStringBytes);
  const limit = requireConstant(probe, call, 2, { from: 0n, to: most });
  const [left, right] = probe.checkAll(call.args.slice(0, 2)) ?? [];
  if (limit === undefined || left === undefined || right === undefined) return undefined;
  const { span } = call;
  const count = Number(limit);
  if (count === 0) return integerConstant(0n, span);
  const sides = [left, right].map((side) => bytesOf(probe, textOf(probe, side), count));
  const [first, second] = sides;
  if (first === undefined || second === undefined) return undefined;
  return { kind: "compareBytes", left: first, right: second, count, type: int64, span };
}

/** A value that so many bytes can be compared of; what a pointer points to is read. */
function bytesOf(
  probe: ProbeState,
  value: CheckedExpression,
  count: number,
): CheckedExpression | undefined {
  const { type, span } = value;
  if (type.kind === "string") return value;
  if (type.kind === "pointer") {
    return {
      kind: "bytes",
      header: integerConstant(BigInt(count), span),
      content: { kind: "memory", pointer: value, space: type.space, length: undefined },
      type: { kind: "bytes", shows: "buffer", capacityBytes: count },
      span,
    };
  }
  const isWhole = type.kind === "array" || type.kind === "struct" || type.kind === "integer";
  const bytes = sizeInMemory(probe, type);
  if (isWhole && bytes >= count) return value;
  const message = isWhole
    ? `memcmp() of ${count} bytes: ${describeType(type)} has ${bytes}`
    : `memcmp() takes strings, arrays and pointers, not ${describeType(type)}`;
  return probe.error("argument-type", span, message);
}

/** `bswap(n)`: a number's bytes in the opposite order. */
export function checkBswap(probe: ProbeState, call: Call): CheckedExpression | undefined {
  const [argument] = call.args;
  if (!requireArguments(probe, call, 1) || argument === undefined) return undefined;
  const operand = probe.check(argument);
  if (operand === undefined) return undefined;
  if (operand.type.kind !== "integer") {
    const message = `bswap() only supports integer arguments (${describeKind(operand.type)} provided)`;
    return probe.error("argument-type", call.span, message);
  }
  const isLiteral = argument.kind === "integer" || argument.kind === "unary";
  const size =
    operand.kind === "constant" && isLiteral ? bytesIn(operand.value) : operand.type.sizeBytes;
  const type = { kind: "integer", sizeBytes: size, isSigned: false } as const;
  if (operand.kind === "constant") {
    const bits = BigInt.asUintN(size * 8, operand.value)
      .toString(16)
      .padStart(size * 2, "0");
    const swapped = bits.match(/../g)?.reverse().join("") ?? "0";
    return { kind: "constant", value: BigInt(`0x${swapped}`), type, span: call.span };
  }
  if (size === 1) return { kind: "convert", operand, type, span: call.span };
  return { kind: "byteSwap", operand, sizeBytes: size, type, span: call.span };
}

/** Bytes of the smallest signed integer that holds a number. */
function bytesIn(value: bigint): 1 | 2 | 4 | 8 {
  const sizes = [1, 2, 4] as const;
  return sizes.find((bytes) => BigInt.asIntN(bytes * 8, value) === value) ?? 8;
}
