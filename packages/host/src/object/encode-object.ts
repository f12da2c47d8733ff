import { assemble, slotCount } from "../asm/assemble.js";
import { type Instruction } from "../asm/instruction.js";
import { InternalError } from "../asm/internal-error.js";
import { MachineCode, slotSizeBytes } from "../asm/machine-code.js";
import * as opcode from "../asm/opcode.js";
import {
  writeRelocatable,
  type WrittenSection,
  type WrittenSymbol,
} from "../elf/relocatable-writer.js";
import { type ObjectSpec } from "../spec/object-spec.js";
import { type ProgramSpec } from "../spec/program-spec.js";
import { sectionOf } from "./written-sections.js";
import { type WrittenFunction, WrittenTypes } from "./written-types.js";

/** Where libbpf looks for functions that are no programs. */
const functionSection = ".text";

interface Piece extends WrittenFunction {
  readonly bytes: Uint8Array;
  /** By the byte of the piece. */
  readonly relocations: readonly { readonly offset: number; readonly symbol: string }[];
}

/**
 * An object file of what a compiler has made, as libbpf and bpftool read one. Maps of which programs use the value without
 * looking it up are sections of data. What maps hold from the start beside these, and what is attached to where, is not in it,
 * but for what the names of sections say.
 */
export function encodeObject(object: ObjectSpec, byteOrder: "little" | "big"): Uint8Array {
  const writer = new ObjectWriter(object, byteOrder);
  return writer.write();
}

class ObjectWriter {
  readonly #object: ObjectSpec;
  readonly #byteOrder: "little" | "big";
  readonly #symbols: WrittenSymbol[] = [];
  readonly #pieces: Piece[] = [];
  /** How much there is of each section of code. */
  readonly #sizes = new Map<string, number>();
  readonly #callbacks: { code: MachineCode; slot: number; name: string }[] = [];
  /** Maps that are sections of data. */
  readonly #data: ReadonlySet<string>;

  constructor(object: ObjectSpec, byteOrder: "little" | "big") {
    this.#object = object;
    this.#byteOrder = byteOrder;
    this.#data = new Set(
      object.programs.flatMap(({ instructions }) =>
        instructions.flatMap((one) =>
          one.kind === "loadMap" && one.valueOffset !== undefined ? [one.map] : [],
        ),
      ),
    );
  }

  write(): Uint8Array {
    const { maps, programs } = this.#object;
    for (const program of programs) this.#addProgram(program);
    this.#placeCallbacks();
    const types = new WrittenTypes();
    const declared = maps.filter(({ name }) => !this.#data.has(name));
    const names = declared.map(({ name }) => identifier(name));
    const sizeBytes = types.addMaps(declared, names);
    for (const [index, name] of names.entries()) {
      const place = { section: ".maps", offset: sizeBytes * index, sizeBytes } as const;
      this.#symbols.push({ name, ...place, type: "object", isLocal: false });
    }
    const data = maps.filter(({ name }) => this.#data.has(name));
    for (const { name, valueSizeBytes } of data) {
      const place = { section: `.data.${identifier(name)}`, offset: 0, sizeBytes: valueSizeBytes };
      this.#symbols.push({ name: identifier(name), ...place, type: "object", isLocal: false });
    }
    const { types: btf, info } = types.encode(this.#pieces, this.#byteOrder);
    const license = `${programs[0]?.license ?? "GPL"}\0`;
    const sections: WrittenSection[] = [
      ...this.#codeSections(),
      { name: "license", bytes: new TextEncoder().encode(license), flags: 3 },
      { name: ".maps", bytes: new Uint8Array(sizeBytes * declared.length), flags: 3 },
      ...data.map(({ name, valueSizeBytes, contents }) => {
        const bytes = contents?.[0]?.value ?? new Uint8Array(valueSizeBytes);
        return { name: `.data.${identifier(name)}`, bytes, flags: 3 };
      }),
      { name: ".BTF", bytes: btf, flags: 0 },
      // It is wanted of programs with functions beside them; of others libbpf only misses lines in it.
      ...(this.#sizes.has(functionSection) ? [{ name: ".BTF.ext", bytes: info, flags: 0 }] : []),
    ];
    return writeRelocatable(sections, this.#symbols, this.#byteOrder);
  }

  /** Functions that are no programs are named by their section's symbol, and where in it they begin. */
  #placeCallbacks(): void {
    for (const { code, slot, name } of this.#callbacks) {
      const piece = this.#pieces.find((one) => one.name === name);
      if (piece === undefined) throw new InternalError(`function ${name} is nowhere`);
      code.setSource(slot, opcode.BPF_PSEUDO_FUNC);
      code.setImmediate(slot, piece.offset);
    }
    const sizeBytes = this.#sizes.get(functionSection);
    if (sizeBytes === undefined) return;
    const symbol = {
      name: functionSection,
      section: functionSection,
      offset: 0,
      sizeBytes,
    } as const;
    this.#symbols.push({ ...symbol, type: "section", isLocal: true });
  }

  #codeSections(): readonly WrittenSection[] {
    return [...this.#sizes].map(([name, sizeBytes]) => {
      const bytes = new Uint8Array(sizeBytes);
      const pieces = this.#pieces.filter(({ section }) => section === name);
      for (const piece of pieces) bytes.set(piece.bytes, piece.offset);
      const relocations = pieces.flatMap((piece) =>
        piece.relocations.map(({ offset, symbol }) => ({ offset: piece.offset + offset, symbol })),
      );
      return { name, bytes, flags: 6, relocations };
    });
  }

  #addProgram(program: ProgramSpec): void {
    const { name, functions = [], instructions } = program;
    const callbacks = functions.flatMap(({ label }) => (label === undefined ? [] : [label]));
    const starts = callbacks.map((label) =>
      instructions.findIndex((one) => one.kind === "label" && one.name === label),
    );
    const bounds = [0, ...starts, instructions.length];
    for (const [index, start] of bounds.slice(0, -1).entries()) {
      const part = instructions.slice(start, bounds[index + 1]);
      const label = callbacks[index - 1];
      if (label === undefined) this.#addPiece(name, name, sectionOf(this.#object, program), part);
      else this.#addPiece(name, `${name}_${label}`, functionSection, part);
    }
  }

  #addPiece(
    program: string,
    name: string,
    section: string,
    instructions: readonly Instruction[],
  ): void {
    const relocations: { offset: number; symbol: string }[] = [];
    const callbacks: { slot: number; name: string }[] = [];
    let slot = 0;
    const plain = instructions.map((one): Instruction => {
      const at = slot;
      slot += slotCount(one);
      if (one.kind === "loadMap") {
        relocations.push({ offset: at * slotSizeBytes, symbol: identifier(one.map) });
        const value = BigInt(one.valueOffset ?? 0);
        return { kind: "load64", destination: one.destination, value };
      }
      if (one.kind !== "loadFunction") return one;
      relocations.push({ offset: at * slotSizeBytes, symbol: functionSection });
      callbacks.push({ slot: at, name: identifier(`${program}_${one.target}`) });
      return { kind: "load64", destination: one.destination, value: 0n };
    });
    const { bytes } = assemble(plain, this.#byteOrder);
    const code = new MachineCode(bytes, this.#byteOrder);
    this.#callbacks.push(...callbacks.map((one) => ({ ...one, code })));
    const offset = this.#sizes.get(section) ?? 0;
    this.#sizes.set(section, offset + bytes.length);
    const isStatic = section === functionSection;
    const piece = { name: identifier(name), section, offset, isStatic };
    this.#pieces.push({ ...piece, bytes, relocations });
    this.#symbols.push({
      ...{ name: piece.name, section, offset, sizeBytes: bytes.length },
      ...{ type: "function", isLocal: isStatic },
    });
  }
}

/** As C calls things. */
function identifier(name: string): string {
  return name.replaceAll(/[^A-Za-z0-9_]/g, "_");
}
