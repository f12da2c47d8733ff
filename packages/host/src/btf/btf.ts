import { BtfError } from "./btf-error.js";
import { BtfIndex } from "./btf-index.js";
import { formatTypeName } from "./format-type-name.js";
import { functionParameters } from "./function-parameters.js";
import { type RawParameter } from "./raw-parameter.js";
import { decodeType } from "./type-decoder.js";
import { type BtfKind, type BtfMember, type BtfType, type BtfTypeId } from "./types.js";

/** More structs than any has within it without names. */
const mostInnerStructs = 1000;
/** Longer chains of typedefs, modifiers or arrays than any compiler makes are malformed. */
const deepestNesting = 64;

/** The types of a kernel or an object. Opened once; types are decoded when they are asked for. Throws BtfError only. */
export interface Btf {
  /** Types with void, which is type 0. */
  readonly typeCount: number;
  /** Of the target, as the size of "long" says. */
  readonly pointerSizeBytes: 4 | 8;
  /** The first type of this name and kind. */
  find(name: string, kind: BtfKind): BtfTypeId | undefined;
  /** Names of all types of a kind that begin with a prefix, in the order of the types. */
  names(kind: BtfKind, prefix: string): readonly string[];
  type(id: BtfTypeId): BtfType;
  /** What remains when typedefs, const, volatile, restrict and type tags are taken away. */
  resolve(id: BtfTypeId): BtfTypeId;
  sizeOf(id: BtfTypeId): number;
  /** As C writes it: "const char *", "struct page", "int (*)(void *)". */
  formatTypeName(id: BtfTypeId): string;
  /** A struct's or union's member by name, also within members that have no name; its offset counts from the outermost. */
  findMember(id: BtfTypeId, name: string): BtfMember | undefined;
  /** A function's parameters and those of a raw tracepoint, less the latter's first; undefined when BTF has none. */
  functionParameters(name: string): readonly RawParameter[] | undefined;
  rawTracepointParameters(name: string): readonly RawParameter[] | undefined;
}

/** Reads the index of a BTF blob of either byte order. The bytes are kept, not copied. */
export function openBtf(bytes: Uint8Array): Btf {
  return new IndexedBtf(new BtfIndex(bytes));
}

class IndexedBtf implements Btf {
  readonly pointerSizeBytes: 4 | 8;
  readonly #index: BtfIndex;

  constructor(index: BtfIndex) {
    this.#index = index;
    this.pointerSizeBytes = this.#sizeOfLong() === 4 ? 4 : 8;
  }

  get typeCount(): number {
    return this.#index.typeCount;
  }

  find(name: string, kind: BtfKind): BtfTypeId | undefined {
    return this.#index.find(name, kind);
  }

  names(kind: BtfKind, prefix: string): readonly string[] {
    return this.#index.names(kind, prefix);
  }

  type(id: BtfTypeId): BtfType {
    return decodeType(this.#index, id);
  }

  resolve(id: BtfTypeId): BtfTypeId {
    let current = id;
    for (let depth = 0; depth < deepestNesting; depth++) {
      const type = this.type(current);
      switch (type.kind) {
        case "typedef":
        case "const":
        case "volatile":
        case "restrict":
        case "type_tag":
          current = type.to;
          break;
        default:
          return current;
      }
    }
    throw new BtfError(`resolve BTF type ${id}: its chain of typedefs does not end`);
  }

  sizeOf(id: BtfTypeId): number {
    let current = id;
    let count = 1;
    for (let depth = 0; depth < deepestNesting; depth++) {
      const resolved = this.resolve(current);
      const type = this.type(resolved);
      switch (type.kind) {
        case "int":
        case "struct":
        case "union":
        case "enum":
        case "enum64":
        case "float":
        case "datasec":
          return this.#checkedSize(id, count * type.sizeBytes);
        case "ptr":
          return this.#checkedSize(id, count * this.pointerSizeBytes);
        case "array":
          count = this.#checkedSize(id, count * type.length);
          current = type.element;
          break;
        case "var":
          current = type.type;
          break;
        default:
          throw new BtfError(`size of BTF type ${id} (${this.formatTypeName(id)}): it has none`);
      }
    }
    throw new BtfError(`size of BTF type ${id}: its arrays do not end`);
  }

  formatTypeName(id: BtfTypeId): string {
    return formatTypeName((one) => this.type(one), id);
  }

  findMember(id: BtfTypeId, name: string): BtfMember | undefined {
    // Breadth first, with a limit: malformed structs may hold themselves, and more than once.
    const waiting = [{ id, bitOffset: 0 }];
    for (const outer of waiting) {
      const type = this.type(this.resolve(outer.id));
      if (type.kind !== "struct" && type.kind !== "union") continue;
      for (const member of type.members) {
        const bitOffset = outer.bitOffset + member.bitOffset;
        if (member.name === name && name !== "") return { ...member, bitOffset };
        if (member.name === "") waiting.push({ id: member.type, bitOffset });
      }
      if (waiting.length > mostInnerStructs) {
        throw new BtfError(`find member ${name} of BTF type ${id}: its structs nest without end`);
      }
    }
    return undefined;
  }

  functionParameters(name: string): readonly RawParameter[] | undefined {
    const id = this.find(name, "func");
    if (id === undefined) return undefined;
    const type = this.type(id);
    return type.kind === "func" ? functionParameters(this, type.prototype) : undefined;
  }

  rawTracepointParameters(name: string): readonly RawParameter[] | undefined {
    // include/trace/bpf_probe.h: typedef void (*btf_trace_NAME)(void *__data, ...the tracepoint's own).
    const id = this.find(`btf_trace_${name}`, "typedef");
    if (id === undefined) return undefined;
    const pointer = this.type(this.resolve(id));
    if (pointer.kind !== "ptr") return undefined;
    const parameters = functionParameters(this, this.resolve(pointer.to));
    return parameters === undefined ? undefined : this.#nameParameters(name, parameters).slice(1);
  }

  /** The typedef's prototype has no names; functions that the kernel makes of the same prototype have them. */
  #nameParameters(name: string, parameters: readonly RawParameter[]): readonly RawParameter[] {
    for (const prefix of ["__probestub_", "__traceiter_", "__bpf_trace_"]) {
      const named = this.functionParameters(prefix + name);
      if (named?.length !== parameters.length) continue;
      return parameters.map((one, at) => ({ ...one, name: named[at]?.name ?? one.name }));
    }
    return parameters;
  }

  #checkedSize(id: BtfTypeId, size: number): number {
    if (!Number.isSafeInteger(size)) throw new BtfError(`size of BTF type ${id}: it is too large`);
    return size;
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
