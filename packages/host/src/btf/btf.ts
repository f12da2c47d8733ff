import { BtfIndex } from "./btf-index.js";
import { decodeType } from "./type-decoder.js";
import { TypeReader } from "./type-reader.js";
import { type BtfKind, type BtfType, type BtfTypeId } from "./types.js";

/** All types of a kernel or an object. Types are decoded when they are asked for. Throws BtfError only. */
export class Btf extends TypeReader {
  override readonly pointerSizeBytes: 4 | 8;
  readonly #index: BtfIndex;

  constructor(index: BtfIndex) {
    super();
    this.#index = index;
    this.pointerSizeBytes = this.#sizeOfLong() === 4 ? 4 : 8;
  }

  /** Types with void, which is type 0. */
  get typeCount(): number {
    return this.#index.typeCount;
  }

  override find(name: string, kind: BtfKind): BtfTypeId | undefined {
    return this.#index.find(name, kind);
  }

  /** Names of all types of a kind that begin with a prefix, in the order of the types. */
  names(kind: BtfKind, prefix: string): readonly string[] {
    return this.#index.names(kind, prefix);
  }

  override findEnumerator(name: string): BtfTypeId | undefined {
    return this.#index.findEnumerator(name);
  }

  override type(id: BtfTypeId): BtfType {
    return decodeType(this.#index, id);
  }

  override expect(): void {
    // All types are at hand.
  }

  override outline(id: BtfTypeId): BtfType {
    return this.type(id);
  }

  #sizeOfLong(): number {
    for (const name of ["long unsigned int", "unsigned long", "long int", "long"]) {
      const id = this.find(name, "int");
      const type = id === undefined ? undefined : this.type(id);
      if (type?.kind === "int") return type.sizeBytes;
    }
    return 8;
  }
}

/** Reads the index of a BTF blob of either byte order. The bytes are kept, not copied. */
export function openBtf(bytes: Uint8Array): Btf {
  return new Btf(new BtfIndex(bytes));
}
