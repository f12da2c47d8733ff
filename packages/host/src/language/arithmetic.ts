import { type BinaryOperation } from "./ir.js";
import { assertNever } from "../asm/internal-error.js";
import { type JumpCondition } from "../asm/instruction.js";

// What the machine computes, on numbers that are known when a program is compiled.

/** A 64-bit pattern as a signed number: the form in which immediates are compared. */
export function asSigned64(value: bigint): bigint {
  return BigInt.asIntN(64, value);
}

/** The immediate that an operation of this width extends to `value`, or `undefined` when there is none. */
export function immediateOf(value: bigint, width: 32 | 64): number | undefined {
  const wide = width === 64 ? asSigned64(value) : BigInt.asIntN(32, value);
  return BigInt.asIntN(32, wide) === wide ? Number(wide) : undefined;
}

/** The exponent of a power of two, or `undefined`. */
export function exponentOf(value: bigint): number | undefined {
  if (value <= 0n || (value & (value - 1n)) !== 0n) return undefined;
  return value.toString(2).length - 1;
}

/** What an operation makes of two known values, as an unsigned number of its width. */
export function evaluateBinary(
  operation: BinaryOperation,
  width: 32 | 64,
  left: bigint,
  right: bigint,
): bigint {
  const a = BigInt.asUintN(width, left);
  const b = BigInt.asUintN(width, right);
  const signedA = BigInt.asIntN(width, left);
  const signedB = BigInt.asIntN(width, right);
  const shift = b & BigInt(width - 1);
  return BigInt.asUintN(width, compute());

  function compute(): bigint {
    switch (operation) {
      case "add":
        return a + b;
      case "sub":
        return a - b;
      case "mul":
        return a * b;
      case "div":
        return b === 0n ? 0n : a / b;
      case "mod":
        return b === 0n ? a : a % b;
      case "sdiv":
        return b === 0n ? 0n : signedA / signedB;
      case "smod":
        return b === 0n ? a : signedA % signedB;
      case "or":
        return a | b;
      case "and":
        return a & b;
      case "xor":
        return a ^ b;
      case "lsh":
        return a << shift;
      case "rsh":
        return a >> shift;
      case "arsh":
        return signedA >> shift;
      default:
        return assertNever(operation);
    }
  }
}

/** Whether a comparison of two known values holds. */
export function evaluateCondition(
  condition: JumpCondition,
  width: 32 | 64,
  left: bigint,
  right: bigint,
): boolean {
  const a = BigInt.asUintN(width, left);
  const b = BigInt.asUintN(width, right);
  const signedA = BigInt.asIntN(width, left);
  const signedB = BigInt.asIntN(width, right);
  switch (condition) {
    case "eq":
      return a === b;
    case "ne":
      return a !== b;
    case "gt":
      return a > b;
    case "ge":
      return a >= b;
    case "lt":
      return a < b;
    case "le":
      return a <= b;
    case "sgt":
      return signedA > signedB;
    case "sge":
      return signedA >= signedB;
    case "slt":
      return signedA < signedB;
    case "sle":
      return signedA <= signedB;
    case "set":
      return (a & b) !== 0n;
    default:
      return assertNever(condition);
  }
}

/** The same comparison with its sides exchanged. */
export const exchangedConditions: Readonly<Record<JumpCondition, JumpCondition>> = {
  eq: "eq",
  ne: "ne",
  gt: "lt",
  ge: "le",
  lt: "gt",
  le: "ge",
  sgt: "slt",
  sge: "sle",
  slt: "sgt",
  sle: "sge",
  set: "set",
};

/** The opposite of a comparison; "set" has none. */
export const oppositeConditions: Readonly<Record<JumpCondition, JumpCondition | undefined>> = {
  eq: "ne",
  ne: "eq",
  gt: "le",
  ge: "lt",
  lt: "ge",
  le: "gt",
  sgt: "sle",
  sge: "slt",
  slt: "sge",
  sle: "sgt",
  set: undefined,
};
