import { type AccessSize, type AluOperation, type JumpCondition } from "./instruction.js";
import * as opcode from "./opcode.js";

/** The operation bits of each name, for the assembler and, turned round, for the decoder. */
export const aluOpcodes: Readonly<Record<AluOperation, number>> = {
  add: opcode.BPF_ADD,
  sub: opcode.BPF_SUB,
  mul: opcode.BPF_MUL,
  div: opcode.BPF_DIV,
  or: opcode.BPF_OR,
  and: opcode.BPF_AND,
  lsh: opcode.BPF_LSH,
  rsh: opcode.BPF_RSH,
  mod: opcode.BPF_MOD,
  xor: opcode.BPF_XOR,
  mov: opcode.BPF_MOV,
  arsh: opcode.BPF_ARSH,
};

export const jumpOpcodes: Readonly<Record<JumpCondition, number>> = {
  eq: opcode.BPF_JEQ,
  gt: opcode.BPF_JGT,
  ge: opcode.BPF_JGE,
  set: opcode.BPF_JSET,
  ne: opcode.BPF_JNE,
  sgt: opcode.BPF_JSGT,
  sge: opcode.BPF_JSGE,
  lt: opcode.BPF_JLT,
  le: opcode.BPF_JLE,
  slt: opcode.BPF_JSLT,
  sle: opcode.BPF_JSLE,
};

export const sizeOpcodes: Readonly<Record<AccessSize, number>> = {
  1: opcode.BPF_B,
  2: opcode.BPF_H,
  4: opcode.BPF_W,
  8: opcode.BPF_DW,
};
