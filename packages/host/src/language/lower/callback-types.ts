import { type Instruction } from "../../asm/instruction.js";
import { encodeBtf } from "../../btf/encode-btf.js";
import { type BtfType, type BtfTypeId } from "../../btf/types.js";
import { type ProgramFunction } from "../../spec/program-spec.js";
import { type IrProgram } from "../ir.js";

const long: BtfType = {
  ...{ kind: "int", name: "long", sizeBytes: 8, isSigned: true },
  ...{ isCharacter: false, isBoolean: false, bits: 64, bitOffset: 0 },
};

/**
 * The types of functions that the kernel wants to know of a program with callbacks: their names, and that they are static. It looks
 * at nothing else of them, so all take pointers and return a long.
 */
export class CallbackTypes {
  readonly #types: BtfType[] = [];

  /** The functions of a program, itself first; `undefined` when none of its callbacks is among its instructions. */
  add(
    { name, callbacks: all = [] }: IrProgram,
    instructions: readonly Instruction[],
  ): readonly ProgramFunction[] | undefined {
    const written = new Set(
      instructions.flatMap((one) => (one.kind === "loadFunction" ? [one.target] : [])),
    );
    const callbacks = all.filter((callback) => written.has(callback.name));
    if (callbacks.length === 0) return undefined;
    return [
      { label: undefined, type: this.#addFunction(name, 1) },
      ...callbacks.map((callback) => ({
        label: callback.name,
        type: this.#addFunction(`${name}_${callback.name}`, callback.parameterCount),
      })),
    ];
  }

  /** All of them as BTF; `undefined` when there are none. */
  encode(byteOrder: "little" | "big"): Uint8Array | undefined {
    return this.#types.length === 0 ? undefined : encodeBtf(this.#types, byteOrder);
  }

  #addFunction(name: string, parameterCount: number): BtfTypeId {
    if (this.#types.length === 0) this.#types.push(long, { kind: "ptr", to: 0 });
    const parameters = Array.from({ length: parameterCount }, (_, at) => ({
      name: `p${at}`,
      type: 2,
    }));
    const proto = { kind: "func_proto", returns: 1, parameters, isVariadic: false } as const;
    const prototype = this.#types.push(proto);
    return this.#types.push({ kind: "func", name, prototype, linkage: "static" });
  }
}
