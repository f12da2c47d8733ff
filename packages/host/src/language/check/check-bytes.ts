import { type ExpressionOf } from "../syntax/ast.js";
import { type Span } from "../syntax/span.js";
import { requireArguments, requireInteger, requireText } from "./call-arguments.js";
import { sizeInMemory } from "./check-memory.js";
import { type CheckedExpression } from "./checked-program.js";
import { convert } from "./coerce.js";
import { maximumStringBytes } from "./config.js";
import { integerConstant } from "./constant.js";
import { parseInternetAddress } from "./internet-address.js";
import { type ProbeState, type StringRoom } from "./probe-state.js";
import { describeKind, describeType, type Type, uint32, uint64 } from "./type.js";

type Call = ExpressionOf<"call">;

const uint8: Type = { kind: "integer", sizeBytes: 1, isSigned: false };

/** `buf(p, n)`, `buf(array)`, `buf(string, n)`: bytes as they are. */
export function checkBuf(
  probe: ProbeState,
  call: Call,
  room: StringRoom,
): CheckedExpression | undefined {
  const [argument] = call.args;
  if (!requireArguments(probe, call, 1, 2) || argument === undefined) return undefined;
  const length = call.args.length > 1 ? requireInteger(probe, call, 1) : undefined;
  if (call.args.length > 1 && length === undefined) return undefined;
  const value = probe.check(argument);
  if (value === undefined) return undefined;
  const { span } = call;
  const { type } = value;
  const needsLength = type.kind === "pointer" || type.kind === "integer" || type.kind === "string";
  if (needsLength && length === undefined) {
    const message = `buf() expects a length argument for non-array type ${describeKind(type)}`;
    return probe.error("argument-count", span, message);
  }
  if (length !== undefined && (type.kind === "pointer" || type.kind === "integer")) {
    const space = type.kind === "pointer" ? type.space : probe.probe.pointerSpace;
    return bufferAt(probe, { pointer: value, space, length, room, span });
  }
  return bufferOf(probe, { value, length, argument: argument.span, span });
}

/** Of an array, a string or a struct, or of its first bytes. */
function bufferOf(
  probe: ProbeState,
  {
    value,
    length,
    argument,
    span,
  }: {
    readonly value: CheckedExpression;
    readonly length: CheckedExpression | undefined;
    readonly argument: Span;
    readonly span: Span;
  },
): CheckedExpression | undefined {
  const { type } = value;
  const whole = type.kind === "string" ? type.capacityBytes : sizeInMemory(probe, type);
  if (type.kind !== "array" && type.kind !== "string" && type.kind !== "struct") {
    const message = `buf() expects an integer, string, or array argument but saw ${describeKind(type)}`;
    return probe.error("argument-type", argument, message);
  }
  // What stands behind a NUL, too.
  const content =
    value.kind === "stringConstant" ? { ...value, value: value.whole ?? value.value } : value;
  if (length !== undefined && length.kind !== "constant") {
    return {
      kind: "bytes",
      header: length,
      content: { kind: "value", value: content, isLimited: true },
      type: { kind: "bytes", shows: "buffer", capacityBytes: whole },
      span,
    };
  }
  const count = Number(length?.value ?? whole);
  if (count < 0) {
    return probe.error("bad-value", span, `buf() cannot use negative length (${count})`);
  }
  return {
    kind: "bytes",
    header: integerConstant(BigInt(count), span),
    content: { kind: "value", value: content },
    type: { kind: "bytes", shows: "buffer", capacityBytes: count },
    span,
  };
}

interface BufferPlace {
  readonly pointer: CheckedExpression;
  readonly space: "kernel" | "user";
  readonly length: CheckedExpression;
  readonly room: StringRoom;
  readonly span: Span;
}

function bufferAt(
  probe: ProbeState,
  { pointer, space, length, room, span }: BufferPlace,
): CheckedExpression | undefined {
  if (length.kind === "constant" && (length.value < 1n || length.value > maximumStringBytes)) {
    const message = `buf() takes a length of 1 to ${maximumStringBytes} here, not ${length.value}`;
    return probe.error("bad-value", length.span, message);
  }
  const isFixed = length.kind === "constant";
  const capacityBytes = isFixed ? Number(length.value) : room.capacityBytes;
  return {
    kind: "bytes",
    header: integerConstant(BigInt(capacityBytes), span),
    content: { kind: "memory", pointer, space, length: isFixed ? undefined : length },
    type: { kind: "bytes", shows: "buffer", capacityBytes },
    span,
  };
}

/** AF_INET, AF_INET6 (include/linux/socket.h). */
const families = { internet: 2n, internet6: 10n } as const;

/** `ntop(address)`, `ntop(family, address)`. */
export function checkNtop(probe: ProbeState, call: Call): CheckedExpression | undefined {
  if (!requireArguments(probe, call, 1, 2)) return undefined;
  const [first, second] = probe.checkAll(call.args) ?? [];
  if (first === undefined) return undefined;
  const { span } = call;
  const address = second ?? first;
  const { type } = address;
  const bytes = type.kind === "string" ? type.capacityBytes - 1 : sizeInMemory(probe, type);
  const isArray = type.kind === "array" || type.kind === "string";
  if (!(isArray && (bytes === 4 || bytes === 16)) && type.kind !== "integer") {
    const message = "ntop() argument must be 4 or 16 bytes in size";
    return probe.error("argument-type", span, message);
  }
  if (second !== undefined && first.type.kind !== "integer") {
    return probe.error("argument-type", first.span, "ntop(): the family is an integer");
  }
  const own = isArray && bytes === 16 ? families.internet6 : families.internet;
  const value = isArray ? address : convert(address, bytes > 4 ? uint64 : uint32);
  return {
    kind: "bytes",
    header: second === undefined ? integerConstant(own, span) : first,
    content: { kind: "value", value },
    type: { kind: "bytes", shows: "address", capacityBytes: 16 },
    span,
  };
}

/** `pton("127.0.0.1")`: an array of 4 or 16 bytes. */
export function checkPton(probe: ProbeState, call: Call): CheckedExpression | undefined {
  if (!requireArguments(probe, call, 1)) return undefined;
  const text = requireText(probe, call, 0);
  if (text === undefined) return undefined;
  const bytes = parseInternetAddress(text);
  if (bytes === undefined) {
    const what = /[.:]/.test(text)
      ? "a valid IPv4/IPv6 address"
      : "an string argument of an IPv4/IPv6 address";
    const message = `pton() expects ${what}, got ${text}`;
    return probe.error("bad-value", call.span, message, ['As "192.0.2.1" or "2001:db8::1".']);
  }
  const { length } = bytes;
  const elements = bytes.map((byte) => ({
    ...integerConstant(BigInt(byte), call.span),
    type: uint8,
  }));
  // Bytes one after the other are laid out as an array is.
  const tuple: CheckedExpression = {
    kind: "tuple",
    elements,
    type: { kind: "tuple", elements: elements.map(() => uint8) },
    span: call.span,
  };
  return {
    kind: "part",
    operand: tuple,
    offset: 0,
    sizeBytes: length,
    type: { kind: "array", element: uint8, elementSizeBytes: 1, length },
    span: call.span,
  };
}

const macBytes = 6;

/** `macaddr(p)`, of a pointer or an array. */
export function checkMacaddr(probe: ProbeState, call: Call): CheckedExpression | undefined {
  const [argument] = call.args;
  if (!requireArguments(probe, call, 1) || argument === undefined) return undefined;
  const value = probe.check(argument);
  if (value === undefined) return undefined;
  const { type } = value;
  if (value.kind === "stringConstant") {
    const message = "macaddr() does not support literal string arguments";
    return probe.error("argument-type", call.span, message);
  }
  const isAddress = type.kind === "pointer" || type.kind === "integer";
  if (!isAddress && type.kind !== "array" && type.kind !== "string") {
    const message = `macaddr() takes an array or a pointer, not ${describeType(type)}`;
    return probe.error("argument-type", argument.span, message);
  }
  const space = type.kind === "pointer" ? type.space : probe.probe.pointerSpace;
  return {
    kind: "bytes",
    header: integerConstant(BigInt(macBytes), call.span),
    content: isAddress
      ? { kind: "memory", pointer: value, space, length: undefined }
      : { kind: "value", value },
    type: { kind: "bytes", shows: "mac", capacityBytes: macBytes },
    span: call.span,
  };
}
