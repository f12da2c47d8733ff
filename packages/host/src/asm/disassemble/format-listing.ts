import { helperName } from "../helpers.js";
import {
  type AluOperation,
  type Instruction,
  type JumpCondition,
  type Operand,
  type Register,
} from "../instruction.js";
import { assertNever } from "../internal-error.js";

/** One instruction on a line, as the kernel's verifier log writes them, with labels and the names of maps and helpers. */
export function formatListing(instructions: readonly Instruction[]): string {
  return instructions.map((instruction) => `${formatLine(instruction)}\n`).join("");
}

function formatLine(instruction: Instruction): string {
  return instruction.kind === "label"
    ? `${instruction.name}:`
    : `  ${formatInstruction(instruction)}`;
}

/** A single instruction, without indentation. */
export function formatInstruction(instruction: Instruction): string {
  switch (instruction.kind) {
    case "alu": {
      const { operation, width, destination, source } = instruction;
      return `${name(destination, width)} ${aluSymbols[operation]} ${operand(source, width)}`;
    }
    case "negate": {
      const register = name(instruction.destination, instruction.width);
      return `${register} = -${register}`;
    }
    case "swap": {
      const register = name(instruction.destination, 64);
      return `${register} = ${instruction.to === "little" ? "le" : "be"}${instruction.bits} ${register}`;
    }
    case "load64":
      return `r${instruction.destination} = 0x${instruction.value.toString(16)} ll`;
    case "loadMap": {
      const { destination, map, valueOffset } = instruction;
      return valueOffset === undefined
        ? `r${destination} = map[${map}]`
        : `r${destination} = map_value[${map}] +${valueOffset}`;
    }
    case "loadFunction":
      return `r${instruction.destination} = function[${instruction.target}]`;
    case "load": {
      const { destination, size, base, offset } = instruction;
      return `r${destination} = ${memory(size, base, offset)}`;
    }
    case "store": {
      const { size, base, offset, source } = instruction;
      return `${memory(size, base, offset)} = ${operand(source, 64)}`;
    }
    case "atomicAdd": {
      const { size, base, offset, source } = instruction;
      return `lock ${memory(size, base, offset)} += r${source}`;
    }
    case "atomicExchange": {
      const { size, base, offset, register } = instruction;
      return `r${register} = xchg ${memory(size, base, offset)}, r${register}`;
    }
    case "jumpIf": {
      const { left, condition, width, right, target } = instruction;
      return `if ${name(left, width)} ${conditionSymbols[condition]} ${operand(right, width)} goto ${target}`;
    }
    case "jump":
      return `goto ${instruction.target}`;
    case "call":
      return `call ${helperName(instruction.helper) ?? "helper"}#${instruction.helper}`;
    case "exit":
      return "exit";
    case "label":
      return `${instruction.name}:`;
    default:
      return assertNever(instruction);
  }
}

function name(register: Register, width: 32 | 64): string {
  return `${width === 32 ? "w" : "r"}${register}`;
}

function operand(operand: Operand, width: 32 | 64): string {
  return operand.kind === "register" ? name(operand.register, width) : String(operand.value);
}

function memory(size: number, base: Register, offset: number): string {
  return `*(u${size * 8} *)(r${base} ${offset < 0 ? "-" : "+"}${Math.abs(offset)})`;
}

const aluSymbols: Readonly<Record<AluOperation, string>> = {
  add: "+=",
  sub: "-=",
  mul: "*=",
  div: "/=",
  mod: "%=",
  or: "|=",
  and: "&=",
  xor: "^=",
  lsh: "<<=",
  rsh: ">>=",
  arsh: "s>>=",
  mov: "=",
};

const conditionSymbols: Readonly<Record<JumpCondition, string>> = {
  eq: "==",
  ne: "!=",
  gt: ">",
  ge: ">=",
  lt: "<",
  le: "<=",
  sgt: "s>",
  sge: "s>=",
  slt: "s<",
  sle: "s<=",
  set: "&",
};
