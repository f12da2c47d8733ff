/**
 * BPF instructions as values (include/uapi/linux/bpf.h, Documentation/bpf/standardization/instruction-set.rst). Jumps
 * name labels and LD_IMM64 names maps, so that a list of instructions can be cut, joined and printed before it is
 * assembled. Labels take no room.
 */
export type Register = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10;

export type AluOperation =
  "add" | "sub" | "mul" | "div" | "mod" | "or" | "and" | "xor" | "lsh" | "rsh" | "arsh" | "mov";

export type JumpCondition =
  "eq" | "ne" | "gt" | "ge" | "lt" | "le" | "sgt" | "sge" | "slt" | "sle" | "set";

export type AccessSize = 1 | 2 | 4 | 8;

/** A register, or a 32-bit immediate (sign-extended to the width of the operation). */
export type Operand =
  | { readonly kind: "register"; readonly register: Register }
  | { readonly kind: "immediate"; readonly value: number };

export type Instruction =
  | {
      readonly kind: "alu";
      readonly operation: AluOperation;
      readonly width: 32 | 64;
      readonly destination: Register;
      readonly source: Operand;
    }
  | { readonly kind: "negate"; readonly width: 32 | 64; readonly destination: Register }
  /** Byte order conversion: `to` is the order that results (or that is read). */
  | {
      readonly kind: "swap";
      readonly to: "little" | "big";
      readonly bits: 16 | 32 | 64;
      readonly destination: Register;
    }
  | { readonly kind: "load64"; readonly destination: Register; readonly value: bigint }
  /** A pointer to a map, or, with an offset, into the only value of an array map. */
  | {
      readonly kind: "loadMap";
      readonly destination: Register;
      readonly map: string;
      readonly valueOffset?: number;
    }
  /** A pointer to a function of the same program, which a helper calls: it begins at the label. */
  | { readonly kind: "loadFunction"; readonly destination: Register; readonly target: string }
  | {
      readonly kind: "load";
      readonly size: AccessSize;
      readonly destination: Register;
      readonly base: Register;
      readonly offset: number;
    }
  | {
      readonly kind: "store";
      readonly size: AccessSize;
      readonly base: Register;
      readonly offset: number;
      readonly source: Operand;
    }
  /** BPF_ATOMIC | BPF_ADD, without fetch: every kernel has it. */
  | {
      readonly kind: "atomicAdd";
      readonly size: 4 | 8;
      readonly base: Register;
      readonly offset: number;
      readonly source: Register;
    }
  /** BPF_ATOMIC | BPF_XCHG (5.12): the register and the memory exchange their values. */
  | {
      readonly kind: "atomicExchange";
      readonly size: 4 | 8;
      readonly base: Register;
      readonly offset: number;
      readonly register: Register;
    }
  | {
      readonly kind: "jumpIf";
      readonly condition: JumpCondition;
      readonly width: 32 | 64;
      readonly left: Register;
      readonly right: Operand;
      readonly target: string;
    }
  | { readonly kind: "jump"; readonly target: string }
  /** A helper by its number; names are in helpers.ts. */
  | { readonly kind: "call"; readonly helper: number }
  | { readonly kind: "exit" }
  | { readonly kind: "label"; readonly name: string };
