import { type Span } from "../syntax/span.js";
import { type CheckedExpression } from "./checked-program.js";
import { convert } from "./coerce.js";
import { readRegister } from "./check-register.js";
import { type ProbeState } from "./probe-state.js";
import { type UsdtArgument } from "./probes/usdt-arguments.js";
import { type IntegerType, int64, uint64 } from "./type.js";

/** `arg0` … of a USDT probe: what is in the register or the memory that its note names, as an `int64`. */
export function checkUsdtArgument(
  probe: ProbeState,
  index: number,
  span: Span,
): CheckedExpression | undefined {
  const { usdtArguments = [], name } = probe.probe;
  const argument = usdtArguments[index];
  if (argument === undefined) {
    const message = `${name} has ${usdtArguments.length} arguments: arg${index} is 0`;
    probe.program.diagnostics.warn("unknown-name", span, message);
    return { kind: "constant", value: 0n, type: int64, span };
  }
  const value = readArgument(probe, index, argument, span);
  return value === undefined ? undefined : convert(value, int64, span);
}

function readArgument(
  probe: ProbeState,
  index: number,
  argument: UsdtArgument,
  span: Span,
): CheckedExpression | undefined {
  const { sizeBytes, isSigned, operand } = argument;
  const type: IntegerType = { kind: "integer", sizeBytes, isSigned };
  switch (operand.kind) {
    case "constant":
      return { kind: "constant", value: inRange(operand.value, type), type, span };
    case "register": {
      const register = readRegister(probe, operand.name, span);
      return register === undefined
        ? unreadable(probe, index, operand.name, span)
        : convert(register, type, span);
    }
    case "memory": {
      const pointer = addressOf(probe, operand, span);
      if (pointer === undefined) return unreadable(probe, index, "its address", span);
      return { kind: "readMemory", pointer, space: "user", sizeBytes, type, span };
    }
    case "unknown":
      return unreadable(probe, index, operand.text, span);
  }
}

function unreadable(probe: ProbeState, index: number, what: string, span: Span): undefined {
  return probe.notSupported(span, `arg${index} of ${probe.probe.name} is at ${what}, which is`);
}

function inRange(value: bigint, { sizeBytes, isSigned }: IntegerType): bigint {
  const bits = 8 * sizeBytes;
  return isSigned ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value);
}

function addressOf(
  probe: ProbeState,
  { base, index, scale, offset }: Extract<UsdtArgument["operand"], { readonly kind: "memory" }>,
  span: Span,
): CheckedExpression | undefined {
  const constant = (value: bigint): CheckedExpression => {
    return { kind: "constant", value: BigInt.asUintN(64, value), type: uint64, span };
  };
  const operation = (
    name: "add" | "multiply",
    left: CheckedExpression,
    right: CheckedExpression,
  ): CheckedExpression => ({ kind: "binary", operation: name, left, right, type: uint64, span });
  let address: CheckedExpression | undefined;
  for (const [register, times] of [
    [base, 1],
    [index, scale],
  ] as const) {
    if (register === undefined) continue;
    const value = readRegister(probe, register, span);
    if (value === undefined) return undefined;
    const part = times === 1 ? value : operation("multiply", value, constant(BigInt(times)));
    address = address === undefined ? part : operation("add", address, part);
  }
  if (address === undefined) return constant(offset);
  return offset === 0n ? address : operation("add", address, constant(offset));
}
