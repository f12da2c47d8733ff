import { BtfError } from "./btf-error.js";
import { type BtfQuestion } from "./btf-question.js";
import { formatTypeName } from "./format-type-name.js";
import { functionParameters, functionResult } from "./function-parameters.js";
import { type RawParameter } from "./raw-parameter.js";
import { type BtfKind, type BtfMember, type BtfType, type BtfTypeId } from "./types.js";

/** More structs than any has within it without names. */
const mostInnerStructs = 1000;
/** Longer chains of typedefs, modifiers or arrays than any compiler makes are malformed. */
const deepestNesting = 64;

/** Functions that the kernel makes of a tracepoint's prototype and that have names for its parameters. */
const namingPrefixes = ["__probestub_", "__traceiter_", "__bpf_trace_"];

/** What is asked of types, wherever they are: all of a kernel's, or those of them that are known. */
export abstract class TypeReader {
  /** Of the target. */
  abstract readonly pointerSizeBytes: 4 | 8;

  /** The first type of this name and kind. */
  abstract find(name: string, kind: Exclude<BtfKind, "void">): BtfTypeId | undefined;

  /**
   * All types whose name is this without a flavour, and whose kind is one of these, in the order of their ids; of a reader
   * that does not know all types the first of the very name of each kind. Of a module's BTF its own types alone.
   */
  abstract candidates(essential: string, kinds: readonly BtfKind[]): readonly BtfTypeId[];

  abstract type(id: BtfTypeId): BtfType;

  /** The type with its name, kind and size, and perhaps without its parts: members, values, parameters. */
  abstract outline(id: BtfTypeId): BtfType;

  /** Says what will be asked, so that a reader that has to ask others can do so once. */
  abstract expect(questions: readonly BtfQuestion[]): void;

  /** The first enumeration that has this enumerator; undefined also where this cannot be known without reading all types. */
  abstract findEnumerator(name: string): BtfTypeId | undefined;

  /** What remains when typedefs, const, volatile, restrict and type tags are taken away. */
  resolve(id: BtfTypeId): BtfTypeId {
    let current = id;
    for (let depth = 0; depth < deepestNesting; depth++) {
      const type = this.outline(current);
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
      const type = this.outline(resolved);
      switch (type.kind) {
        case "int":
        case "struct":
        case "union":
        case "enum":
        case "enum64":
        case "float":
        case "datasec":
          return checkedSize(id, count * type.sizeBytes);
        case "ptr":
          return checkedSize(id, count * this.pointerSizeBytes);
        case "array":
          count = checkedSize(id, count * type.length);
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

  /** As C writes it: "const char *", "struct page", "int (*)(void *)". */
  formatTypeName(id: BtfTypeId): string {
    return formatTypeName((one) => {
      const outline = this.outline(one);
      return outline.kind === "func_proto" ? this.type(one) : outline;
    }, id);
  }

  /** A struct's or union's member by name, also within members that have no name; its offset counts from the outermost. */
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

  /** Undefined when there is no such function. */
  functionParameters(name: string): readonly RawParameter[] | undefined {
    return this.functionType(name)?.parameters;
  }

  /** What a function takes, and what it gives, if anything; undefined when there is no such function. */
  functionType(name: string):
    | {
        readonly parameters: readonly RawParameter[];
        readonly result: RawParameter | undefined;
      }
    | undefined {
    this.expect([{ kind: "type", type: { kind: "func", name } }]);
    const id = this.find(name, "func");
    const type = id === undefined ? undefined : this.type(id);
    if (type?.kind !== "func") return undefined;
    const parameters = functionParameters(this, type.prototype);
    if (parameters === undefined) return undefined;
    return { parameters, result: functionResult(this, type.prototype) };
  }

  /** Those of a raw tracepoint, less the first; undefined when there is no such tracepoint. */
  rawTracepointParameters(name: string): readonly RawParameter[] | undefined {
    // include/trace/bpf_probe.h: typedef void (*btf_trace_NAME)(void *__data, ...the tracepoint's own).
    const typedef = `btf_trace_${name}`;
    this.expect([
      { kind: "type", type: { kind: "typedef", name: typedef } },
      ...namingPrefixes.map((prefix): BtfQuestion => {
        return { kind: "type", type: { kind: "func", name: prefix + name } };
      }),
    ]);
    const id = this.find(typedef, "typedef");
    if (id === undefined) return undefined;
    const pointer = this.type(this.resolve(id));
    if (pointer.kind !== "ptr") return undefined;
    const parameters = functionParameters(this, this.resolve(pointer.to));
    return parameters === undefined ? undefined : this.#nameParameters(name, parameters).slice(1);
  }

  /** The typedef's prototype has no names; functions that the kernel makes of the same prototype have them. */
  #nameParameters(name: string, parameters: readonly RawParameter[]): readonly RawParameter[] {
    for (const prefix of namingPrefixes) {
      const named = this.functionParameters(prefix + name);
      if (named?.length !== parameters.length) continue;
      return parameters.map((one, at) => ({ ...one, name: named[at]?.name ?? one.name }));
    }
    return parameters;
  }
}

function checkedSize(id: BtfTypeId, size: number): number {
  if (!Number.isSafeInteger(size)) throw new BtfError(`size of BTF type ${id}: it is too large`);
  return size;
}
