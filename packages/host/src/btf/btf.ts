import { BtfIndex } from "./btf-index.js";
import { essentialName } from "./essential-name.js";
import { decodeType } from "./type-decoder.js";
import { TypeReader } from "./type-reader.js";
import { type BtfKind, type BtfType, type BtfTypeId } from "./types.js";

/** All types of a kernel or an object. Types are decoded when they are asked for. Throws BtfError only. */
export class Btf extends TypeReader {
  override readonly pointerSizeBytes: 4 | 8;
  readonly index: BtfIndex;
  readonly #base: Btf | undefined;
  readonly #decoded = new Map<BtfTypeId, BtfType>();
  /** This blob's own types that have a flavour, by what is left of their names without it. */
  #flavours: Map<string, BtfTypeId[]> | undefined;

  constructor(index: BtfIndex, base?: Btf) {
    super();
    this.index = index;
    this.#base = base;
    this.pointerSizeBytes = base?.pointerSizeBytes ?? (this.#sizeOfLong() === 4 ? 4 : 8);
  }

  /** Types with void, which is type 0, and those of the BTF that this one goes on from. */
  get typeCount(): number {
    return this.index.typeCount;
  }

  get byteOrder(): "little" | "big" {
    return this.index.byteOrder;
  }

  override find(name: string, kind: BtfKind): BtfTypeId | undefined {
    return this.#base?.find(name, kind) ?? this.index.find(name, kind);
  }

  override candidates(essential: string, kinds: readonly BtfKind[]): readonly BtfTypeId[] {
    this.#flavours ??= this.#findFlavours();
    const flavours = this.#flavours.get(essential) ?? [];
    return [...this.index.named(essential, kinds), ...flavours]
      .filter((id) => kinds.includes(this.index.kind(id)))
      .sort((left, right) => left - right);
  }

  /** Names of all types of a kind that begin with a prefix, in the order of the types. */
  names(kind: BtfKind, prefix: string): readonly string[] {
    return this.index.names(kind, prefix);
  }

  override findEnumerator(name: string): BtfTypeId | undefined {
    return this.#base?.findEnumerator(name) ?? this.index.findEnumerator(name);
  }

  override type(id: BtfTypeId): BtfType {
    if (this.#base !== undefined && id < this.index.firstId) return this.#base.type(id);
    let type = this.#decoded.get(id);
    if (type === undefined) {
      type = decodeType(this.index, id);
      this.#decoded.set(id, type);
    }
    return type;
  }

  override expect(): void {
    // All types are at hand.
  }

  override outline(id: BtfTypeId): BtfType {
    return this.type(id);
  }

  #findFlavours(): Map<string, BtfTypeId[]> {
    const flavours = new Map<string, BtfTypeId[]>();
    for (const id of this.index.flavoured) {
      const type = this.type(id);
      const name = "name" in type ? type.name : "";
      const essential = essentialName(name);
      if (essential === name) continue;
      const others = flavours.get(essential);
      if (others === undefined) flavours.set(essential, [id]);
      else others.push(id);
    }
    return flavours;
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

/** The same of a module's BTF, which goes on where the kernel's ends. */
export function openModuleBtf(bytes: Uint8Array, kernel: Btf): Btf {
  return new Btf(new BtfIndex(bytes, kernel.index), kernel);
}
