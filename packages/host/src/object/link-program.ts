import { MachineCode, slotSizeBytes } from "../asm/machine-code.js";
import { type MapReference } from "../asm/assemble.js";
import * as opcode from "../asm/opcode.js";
import { type FunctionTable } from "./function-table.js";
import { ObjectError } from "./object-error.js";
import { type CodeReference, type ObjectFunction } from "./object-file.js";
import { type FittedFunction } from "./relocate-types.js";
import { type ResolvedExtern } from "./resolve-externs.js";

/** The helper that stands in place of a function of the kernel's that the target lacks: a verifier that can reach it names it. */
export const absentFunctionCall = 2_002_000_000;

/** The instructions of a program with all functions that it calls; what is known only in the kernel is left open. */
export interface LinkedProgram {
  readonly code: Uint8Array;
  readonly maps: readonly MapReference[];
  /** LD_IMM64s whose second immediate is the descriptor of a module's BTF. */
  readonly modules: readonly { readonly instruction: number; readonly module: string }[];
  /** Modules that called functions are of: an instruction's offset is the index in this list, from 1. */
  readonly functionModules: readonly string[];
  /** The functions in it, and where each begins. */
  readonly parts: readonly LinkedPart[];
  /** Instructions that must not be reached, with the reasons. */
  readonly poisoned: ReadonlyMap<number, string>;
}

export interface LinkedPart {
  readonly function: ObjectFunction;
  /** In slots. */
  readonly base: number;
}

/** What programs of an object are made of, for one target. */
export interface LinkInput {
  readonly byteOrder: "little" | "big";
  readonly table: FunctionTable;
  readonly fitted: ReadonlyMap<ObjectFunction, FittedFunction>;
  readonly externs: ReadonlyMap<string, ResolvedExtern>;
  /** Helpers to call in place of others, by number. */
  readonly replacedHelpers: ReadonlyMap<number, number>;
}

/** As many slots as the kernel takes (BPF_COMPLEXITY_LIMIT_INSNS, kernel/bpf/syscall.c). */
const mostSlots = 1_000_000;

/** Puts a program together with the functions that it calls, each once, in the order of the first calls. Throws ObjectError. */
export function linkProgram(program: ObjectFunction, input: LinkInput): LinkedProgram {
  return new ProgramLinker(program, input).link();
}

class ProgramLinker {
  readonly #program: ObjectFunction;
  readonly #input: LinkInput;
  readonly #bases = new Map<ObjectFunction, number>();
  readonly #codes: MachineCode[] = [];
  readonly #maps: MapReference[] = [];
  readonly #modules: { readonly instruction: number; readonly module: string }[] = [];
  readonly #functionModules: string[] = [];
  readonly #poisoned = new Map<number, string>();
  #slotCount = 0;

  constructor(program: ObjectFunction, input: LinkInput) {
    this.#program = program;
    this.#input = input;
  }

  link(): LinkedProgram {
    this.#append(this.#program);
    const code = new Uint8Array(this.#slotCount * slotSizeBytes);
    let at = 0;
    for (const { bytes } of this.#codes) {
      code.set(bytes, at);
      at += bytes.length;
    }
    return {
      code,
      maps: this.#maps,
      modules: this.#modules,
      functionModules: this.#functionModules,
      parts: [...this.#bases].map(([one, base]) => ({ function: one, base })),
      poisoned: this.#poisoned,
    };
  }

  /** Adds a function, and after it those that it calls and that are not there yet; without recursion, since calls may go deep. */
  #append(first: ObjectFunction): void {
    const waiting = [this.#begin(first)];
    for (let current = waiting.at(-1); current !== undefined; current = waiting.at(-1)) {
      const { function: one, code, base } = current;
      const callee = this.#linkUntilNewFunction(one, code, base, current);
      if (callee === undefined) waiting.pop();
      else waiting.push(this.#begin(callee));
    }
  }

  #begin(one: ObjectFunction): Placed {
    const fitted = this.#input.fitted.get(one);
    if (fitted === undefined) throw this.#fault(`it calls ${one.name}, which is not loaded`);
    const code = new MachineCode(fitted.code.slice(), this.#input.byteOrder);
    const base = this.#slotCount;
    this.#bases.set(one, base);
    this.#codes.push(code);
    this.#slotCount += code.slotCount;
    if (this.#slotCount > mostSlots)
      throw this.#fault(`it has more than ${mostSlots} instructions`);
    for (const { slot, what, poisoned } of fitted.relocations) {
      if (poisoned !== undefined) this.#poisoned.set(base + slot, `${what}: ${poisoned}`);
    }
    return { function: one, code, base, slot: 0 };
  }

  /** Goes on at `progress.slot`; stops at a call of a function that has to be added first, and gives it. */
  #linkUntilNewFunction(
    one: ObjectFunction,
    code: MachineCode,
    base: number,
    progress: Placed,
  ): ObjectFunction | undefined {
    for (; progress.slot < code.slotCount; progress.slot++) {
      const { slot } = progress;
      const callee = this.#calledFunction(one, code, slot);
      if (callee === undefined) {
        const reference = one.references.get(slot);
        if (reference !== undefined) this.#linkReference(code, base, slot, reference);
        else this.#replaceHelper(code, slot);
      } else {
        const start = this.#bases.get(callee);
        if (start === undefined) return callee;
        if (!code.isCall(slot)) code.setSource(slot, opcode.BPF_PSEUDO_FUNC);
        code.setImmediate(slot, start - (base + slot) - 1);
      }
      if (code.isWideLoad(slot)) progress.slot++;
    }
    return undefined;
  }

  /** The function of the object that an instruction calls or takes the address of. */
  #calledFunction(
    one: ObjectFunction,
    code: MachineCode,
    slot: number,
  ): ObjectFunction | undefined {
    const reference = one.references.get(slot);
    const found = (sectionIndex: number, start: number): ObjectFunction => {
      const callee = this.#input.table.startingAt(sectionIndex, start);
      if (callee !== undefined) return callee;
      throw this.#fault(`instruction ${slot} of ${one.name} calls what is no function`);
    };
    if (reference?.kind === "call") {
      return found(
        reference.sectionIndex,
        reference.offset / slotSizeBytes + code.immediate(slot) + 1,
      );
    }
    if (reference?.kind === "functionAddress") {
      return found(
        reference.sectionIndex,
        (reference.offset + code.immediate(slot)) / slotSizeBytes,
      );
    }
    const isCall = code.isCall(slot) && code.source(slot) === opcode.BPF_PSEUDO_CALL;
    if (reference !== undefined || !isCall) return undefined;
    return found(one.sectionIndex, one.start + slot + code.immediate(slot) + 1);
  }

  #linkReference(code: MachineCode, base: number, slot: number, reference: CodeReference): void {
    const instruction = base + slot;
    switch (reference.kind) {
      case "map":
        this.#maps.push({ instruction, map: reference.map, valueOffset: undefined });
        return;
      case "data": {
        const valueOffset = (code.immediate(slot) + reference.offset) >>> 0;
        this.#maps.push({ instruction, map: reference.map, valueOffset });
        return;
      }
      case "extern":
        this.#linkExtern(code, instruction, slot, reference.name);
        return;
      case "call":
      case "functionAddress":
        return;
    }
  }

  #linkExtern(code: MachineCode, instruction: number, slot: number, name: string): void {
    const extern = this.#input.externs.get(name);
    if (extern === undefined) throw this.#fault(`it uses ${name}, which is nowhere`);
    if (code.isCall(slot)) {
      this.#linkKernelFunction(code, instruction, slot, name, extern);
      return;
    }
    switch (extern.kind) {
      case "setting":
        this.#maps.push({ instruction, map: ".kconfig", valueOffset: extern.offset });
        return;
      case "address":
        code.setWideImmediate(slot, extern.address);
        return;
      case "type":
        code.setSource(slot, opcode.BPF_PSEUDO_BTF_ID);
        code.setWideImmediate(slot, BigInt(extern.id));
        if (extern.module !== undefined) this.#modules.push({ instruction, module: extern.module });
        return;
      case "absent":
        code.setWideImmediate(slot, 0n);
        return;
    }
  }

  #linkKernelFunction(
    code: MachineCode,
    instruction: number,
    slot: number,
    name: string,
    extern: ResolvedExtern,
  ): void {
    if (extern.kind === "absent") {
      code.poison(slot, absentFunctionCall);
      this.#poisoned.set(instruction, `call of ${name}: the target's kernel has no such function`);
      return;
    }
    if (extern.kind !== "type") throw this.#fault(`it calls ${name}, which is no function`);
    code.setSource(slot, opcode.BPF_PSEUDO_KFUNC_CALL);
    code.setImmediate(slot, extern.id);
    code.setOffset(slot, extern.module === undefined ? 0 : this.#moduleIndex(extern.module));
  }

  /** From 1: 0 stands for the kernel itself. */
  #moduleIndex(module: string): number {
    const known = this.#functionModules.indexOf(module);
    return known >= 0 ? known + 1 : this.#functionModules.push(module);
  }

  #replaceHelper(code: MachineCode, slot: number): void {
    if (!code.isCall(slot) || code.source(slot) !== 0) return;
    const other = this.#input.replacedHelpers.get(code.immediate(slot));
    if (other !== undefined) code.setImmediate(slot, other);
  }

  #fault(why: string): ObjectError {
    return new ObjectError(`program ${this.#program.name}: ${why}`);
  }
}

interface Placed {
  readonly function: ObjectFunction;
  readonly code: MachineCode;
  readonly base: number;
  /** The next one to link. */
  slot: number;
}
