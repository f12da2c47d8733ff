import { type AluOperation } from "../../asm/instruction.js";
import { assertNever, InternalError } from "../../asm/internal-error.js";
import { asSigned64, evaluateBinary, exponentOf } from "../arithmetic.js";
import { type IrOperation, type IrValue } from "../ir.js";
import { type MachineRegister } from "./machine.js";
import { fromMachine, immediate, move, register, type Selection, virtual } from "./selection.js";

type Binary = Extract<IrOperation, { readonly kind: "binary" }>;

/** Writes a calculation: the machine's operations change their left side in place. */
export function selectBinary(selection: Selection, operation: Binary): void {
  const { width, left, right } = operation;
  const to = virtual(operation.to);
  if (left.kind === "constant" && right.kind === "constant") {
    const value = evaluateBinary(operation.operation, width, left.value, right.value);
    selection.moveValue(to, { kind: "constant", value });
  } else if (operation.operation === "sdiv" || operation.operation === "smod") {
    signedDivision(selection, operation);
  } else if (left.kind === "constant" && isCommutative(operation.operation)) {
    selectBinary(selection, { ...operation, left: right, right: left });
  } else if (right.kind === "constant") {
    const constant = BigInt.asUintN(width, right.value);
    withConstant(selection, { ...operation, operation: operation.operation, to }, constant);
  } else {
    twoAddress(selection, { operation: operation.operation, width, to, left, right });
  }
}

interface Calculation {
  readonly operation: AluOperation;
  readonly width: 32 | 64;
  readonly to: MachineRegister;
  readonly left: IrValue;
}

/** to = left; to op= right, with care for a right side that is `to` itself. */
function twoAddress(
  selection: Selection,
  { operation, width, to, left, right }: Calculation & { readonly right: IrValue },
): void {
  const source = selection.operand(right, width);
  const overwrites = source.kind === "register" && source.register === to;
  const isSame = left.kind === "virtual" && virtual(left) === to;
  if (overwrites && !isSame) {
    if (isCommutative(operation) && left.kind === "virtual") {
      selection.alu(operation, to, register(virtual(left)), width);
      return;
    }
    const result = selection.fresh();
    selection.moveValue(result, left);
    selection.alu(operation, result, source, width);
    selection.emit(move(to, register(result)));
    return;
  }
  selection.moveValue(to, left);
  selection.alu(operation, to, source, width);
}

/** `constant` is unsigned, of the operation's width. */
function withConstant(
  selection: Selection,
  { operation, width, to, left }: Calculation,
  constant: bigint,
): void {
  const reduced = reduce(operation, width, constant);
  if (reduced === "left") {
    if (width === 64) selection.moveValue(to, left);
    else selection.alu("mov", to, register(selection.inRegister(left)), 32);
  } else if (typeof reduced === "bigint") {
    selection.moveValue(to, { kind: "constant", value: reduced });
  } else {
    const right = { kind: "constant", value: reduced.constant } as const;
    twoAddress(selection, { operation: reduced.operation, width, to, left, right });
  }
}

/**
 * The machine divides unsigned numbers only (signed division came with kernel 6.6): divides the sizes, then gives the
 * result its sign. With s = x >> 63 (all ones when x is negative), (x ^ s) - s is the size of x, and the same turns a
 * size back into a negative number.
 */
function signedDivision(selection: Selection, operation: Binary): void {
  const { width, left: dividend, right: divisor } = operation;
  const to = virtual(operation.to);
  const unsigned = operation.operation === "sdiv" ? "div" : "mod";
  if (divisor.kind === "constant" && asSigned(divisor.value, width) === 0n) {
    withConstant(selection, { operation: unsigned, width, to, left: dividend }, 0n);
    return;
  }
  const left = signedOperand(selection, dividend, width);
  const sign = signOf(selection, left);
  const size = applySign(selection, left, sign);
  if (divisor.kind === "constant") {
    const signed = asSigned(divisor.value, width);
    const value = signed < 0n ? -signed : signed;
    const calculation = { operation: unsigned, width: 64, to: size } as const;
    withConstant(selection, { ...calculation, left: fromMachine(size) }, value);
    if (unsigned === "div" && signed < 0n) selection.alu("xor", sign, immediate(-1));
  } else {
    const right = signedOperand(selection, divisor, width);
    const rightSign = signOf(selection, right);
    selection.alu(unsigned, size, register(applySign(selection, right, rightSign)));
    if (unsigned === "div") selection.alu("xor", sign, register(rightSign));
  }
  const result = applySign(selection, size, sign);
  if (width === 64) selection.emit(move(to, register(result)));
  else selection.alu("mov", to, register(result), 32);
}

function signedOperand(selection: Selection, value: IrValue, width: 32 | 64): MachineRegister {
  const source = selection.inRegister(value);
  return width === 64 ? source : selection.signExtended(source, 4);
}

function signOf(selection: Selection, value: MachineRegister): MachineRegister {
  const sign = selection.copied(value);
  selection.alu("arsh", sign, immediate(63));
  return sign;
}

function applySign(
  selection: Selection,
  value: MachineRegister,
  sign: MachineRegister,
): MachineRegister {
  const result = selection.copied(value);
  selection.alu("xor", result, register(sign));
  selection.alu("sub", result, register(sign));
  return result;
}

/** What an operation with a constant right side comes down to: its left side, a number, or a cheaper operation. */
function reduce(
  operation: AluOperation,
  width: 32 | 64,
  constant: bigint,
): "left" | bigint | { readonly operation: AluOperation; readonly constant: bigint } {
  const allOnes = (1n << BigInt(width)) - 1n;
  const exponent = exponentOf(constant);
  switch (operation) {
    case "add":
    case "sub":
    case "or":
    case "xor":
      return constant === 0n ? "left" : { operation, constant };
    case "lsh":
    case "rsh":
    case "arsh": {
      const distance = constant & BigInt(width - 1);
      return distance === 0n ? "left" : { operation, constant: distance };
    }
    case "and":
      if (constant === allOnes) return "left";
      return constant === 0n ? 0n : { operation, constant };
    case "mul":
      if (constant === 0n) return 0n;
      return exponent === undefined
        ? { operation, constant }
        : reduce("lsh", width, BigInt(exponent));
    case "div":
      if (constant === 0n) return 0n;
      return exponent === undefined
        ? { operation, constant }
        : reduce("rsh", width, BigInt(exponent));
    case "mod":
      if (constant === 0n) return "left";
      return exponent === undefined ? { operation, constant } : reduce("and", width, constant - 1n);
    case "mov":
      throw new InternalError("a move is no binary operation");
    default:
      return assertNever(operation);
  }
}

function asSigned(value: bigint, width: 32 | 64): bigint {
  return width === 64 ? asSigned64(value) : BigInt.asIntN(32, value);
}

function isCommutative(operation: string): boolean {
  return ["add", "mul", "or", "and", "xor"].includes(operation);
}
