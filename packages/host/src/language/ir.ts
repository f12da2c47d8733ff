import { type AccessSize, type JumpCondition } from "../asm/instruction.js";

/**
 * The small typed form between the checked program and BPF: a list of operations on virtual registers with labels and
 * jumps, not in SSA form (a virtual register may be written more than once). `lower/` makes it, `generate/` gives its
 * virtual registers real ones and writes instructions. A program's whole memory is: its context, stack slots, memory
 * behind pointers in virtual registers.
 */
export interface IrProgram {
  readonly name: string;
  readonly operations: readonly IrOperation[];
  /** Stack slots by index; the generator places them (8-byte aligned) at fixed places below the frame pointer. */
  readonly slots: readonly { readonly sizeBytes: number; readonly purpose: string }[];
  /** Functions that helpers call back, outer ones before those that are called from them. */
  readonly callbacks?: readonly IrCallback[];
}

/** A function of a program; virtual registers and slots are its own. It exits with 0 to be called again, with 1 to be done. */
export interface IrCallback extends Omit<IrProgram, "callbacks"> {
  readonly parameterCount: number;
  /** Where the program's context is kept: behind the pointer that comes as the last parameter. */
  readonly contextOffset: number;
  /** The callback that it is called from, or `undefined`: the program. */
  readonly caller: string | undefined;
}

/** A 64-bit value without a fixed home. Numbered from 0 in each program. */
export interface VirtualRegister {
  readonly kind: "virtual";
  readonly id: number;
}

export interface Constant {
  readonly kind: "constant";
  readonly value: bigint;
}

export type IrValue = VirtualRegister | Constant;

/** Where memory is accessed or pointed into. */
export type Address =
  | { readonly kind: "pointer"; readonly base: VirtualRegister; readonly offset: number }
  | { readonly kind: "slot"; readonly slot: number; readonly offset: number }
  | { readonly kind: "context"; readonly offset: number };

export type BinaryOperation =
  | "add"
  | "sub"
  | "mul"
  | "div"
  | "mod"
  | "or"
  | "and"
  | "xor"
  | "lsh"
  | "rsh"
  | "arsh"
  | "sdiv"
  | "smod";

/** An argument of a helper. */
export type HelperArgument =
  | IrValue
  | { readonly kind: "address"; readonly address: Address }
  | { readonly kind: "map"; readonly map: string }
  /** One of the program's callbacks. */
  | { readonly kind: "function"; readonly name: string };

export type IrOperation =
  | { readonly kind: "move"; readonly to: VirtualRegister; readonly from: IrValue }
  /** `width` 32: the upper half of the result is zero. Division by zero gives 0, modulo leaves the left side. */
  | {
      readonly kind: "binary";
      readonly operation: BinaryOperation;
      readonly width: 32 | 64;
      readonly to: VirtualRegister;
      readonly left: IrValue;
      readonly right: IrValue;
    }
  | { readonly kind: "negate"; readonly to: VirtualRegister; readonly from: IrValue }
  /** Keeps the low `size` bytes, sign- or zero-extended to 64 bits. */
  | {
      readonly kind: "extend";
      readonly to: VirtualRegister;
      readonly from: IrValue;
      readonly size: AccessSize;
      readonly isSigned: boolean;
    }
  | {
      readonly kind: "load";
      readonly to: VirtualRegister;
      readonly address: Address;
      readonly size: AccessSize;
      readonly isSigned: boolean;
    }
  | {
      readonly kind: "store";
      readonly address: Address;
      readonly size: AccessSize;
      readonly value: IrValue;
    }
  /** Sets memory to zero; `sizeBytes` is a constant, a multiple of the address's alignment is not needed. */
  | { readonly kind: "zero"; readonly address: Address; readonly sizeBytes: number }
  | {
      readonly kind: "atomicAdd";
      readonly address: Address;
      readonly size: 4 | 8;
      readonly value: VirtualRegister;
    }
  /** Writes a value and gives what was there, at once (the target has "atomic_fetch"). */
  | {
      readonly kind: "exchange";
      readonly to: VirtualRegister;
      readonly address: Address;
      readonly size: 4 | 8;
      readonly value: IrValue;
    }
  /** What a callback is given, counted from 0: before all other operations. */
  | { readonly kind: "parameter"; readonly to: VirtualRegister; readonly index: number }
  /** The address itself, as a value. */
  | { readonly kind: "addressOf"; readonly to: VirtualRegister; readonly address: Address }
  /** A pointer to the value of a single-value array map (the target has "map_value_pointer"). */
  | {
      readonly kind: "mapValue";
      readonly to: VirtualRegister;
      readonly map: string;
      readonly offset: number;
    }
  /** A pointer to a map itself. */
  | { readonly kind: "mapPointer"; readonly to: VirtualRegister; readonly map: string }
  | {
      readonly kind: "call";
      /** The helper's number. */
      readonly helper: number;
      readonly to: VirtualRegister | undefined;
      readonly args: readonly HelperArgument[];
    }
  | { readonly kind: "label"; readonly name: string }
  | { readonly kind: "jump"; readonly target: string }
  | {
      readonly kind: "jumpIf";
      readonly condition: JumpCondition;
      readonly width: 32 | 64;
      readonly left: IrValue;
      readonly right: IrValue;
      readonly target: string;
    }
  | { readonly kind: "exit"; readonly value: IrValue };
