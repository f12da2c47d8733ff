import {
  type EnumerationValue,
  type MemberDescription,
  type TypeDescription,
} from "../btf/type-description.js";
import { attributes, encodings, tags } from "./constants.js";
import {
  DebugEntries,
  type DebugEntry,
  type DebugSections,
  type DebugUnit,
} from "./debug-entries.js";

/** A function as its source has it. */
export interface DebugFunction {
  readonly parameters: readonly DebugParameter[];
}

export interface DebugParameter {
  /** "" for one without a name. */
  readonly name: string;
  /** As C would say it: "const char*", "struct Foo*". */
  readonly typeName: string;
  readonly type: TypeDescription;
}

interface Found {
  readonly entry: DebugEntry;
  readonly unit: DebugUnit;
}

/** More pointers, typedefs and arrays within each other than any type that a person wrote has. */
const deepestNesting = 32;

const structureTags: ReadonlyMap<number, "struct" | "union"> = new Map([
  [tags.structureType, "struct"],
  [tags.classType, "struct"],
  [tags.unionType, "union"],
]);

/** Functions and types of a program, by their names, from its debug information. Throws DwarfError. */
export class DebugInfo {
  readonly #entries: DebugEntries;
  readonly #file: string;
  readonly #functions = new Map<string, number>();
  readonly #types = new Map<string, number>();

  /** `file`: in the ids of structures, which are FILE#OFFSET. */
  constructor(file: string, sections: DebugSections) {
    this.#file = file;
    this.#entries = new DebugEntries(sections);
    for (const unit of this.#entries.units) {
      for (const entry of this.#entries.walk(unit)) this.#index(unit, entry);
    }
  }

  /** By the name in the symbol table or in the source. */
  function(name: string): DebugFunction | undefined {
    const offset = this.#functions.get(name);
    if (offset === undefined) return undefined;
    const { entry, unit } = this.#entries.at(offset);
    const parameters: DebugParameter[] = [];
    for (const child of this.#entries.children(unit, entry)) {
      if (child.tag !== tags.formalParameter) continue;
      const origin = this.#originOf(unit, child);
      const type = this.#referred(origin, attributes.type);
      parameters.push({
        name: textOf(origin.entry, attributes.name),
        typeName: this.#typeName(type, 0),
        type: this.#describe(type, 0),
      });
    }
    return { parameters };
  }

  /** "struct Foo", "enum color", "uint32_t". */
  type(name: string): TypeDescription | undefined {
    const offset = this.#types.get(name);
    return offset === undefined ? undefined : this.#describe(this.#entries.at(offset), 0);
  }

  /** A structure by its id. */
  structure(offset: number): TypeDescription {
    return this.#describe(this.#entries.at(offset), 0);
  }

  /** Those of a structure, by its id; those without a name, and bases of classes, are "". */
  members(offset: number): readonly MemberDescription[] {
    const { entry, unit } = this.#entries.at(offset);
    const members: MemberDescription[] = [];
    for (const child of this.#entries.children(unit, entry)) {
      if (child.tag !== tags.member && child.tag !== tags.inheritance) continue;
      // Static members of classes have no place.
      const isStatic = child.values.has(attributes.declaration);
      if (isStatic) continue;
      const type = this.#describe(this.#referred({ entry: child, unit }, attributes.type), 0);
      members.push({
        name: child.tag === tags.inheritance ? "" : textOf(child, attributes.name),
        type,
        ...placeOf(child, type),
      });
    }
    return members;
  }

  #index(unit: DebugUnit, entry: DebugEntry): void {
    const { tag, offset, values } = entry;
    if (tag === tags.subprogram) {
      // An inline function has no code of its own.
      if (!values.has(attributes.lowPc)) return;
      const { entry: origin } = this.#originOf(unit, entry);
      for (const attribute of [attributes.linkageName, attributes.name]) {
        const name = textOf(entry, attribute) || textOf(origin, attribute);
        if (name !== "" && !this.#functions.has(name)) this.#functions.set(name, offset);
      }
      return;
    }
    if (values.has(attributes.declaration)) return;
    const name = textOf(entry, attributes.name);
    const structure = structureTags.get(tag);
    const word = structure ?? (tag === tags.enumerationType ? "enum" : undefined);
    const isNamed = word !== undefined || tag === tags.typedef || tag === tags.baseType;
    if (name === "" || !isNamed) return;
    const key = word === undefined ? name : `${word} ${name}`;
    if (!this.#types.has(key)) this.#types.set(key, offset);
  }

  /** What an entry is an instance or the definition of, where it says so; else itself. */
  #originOf(unit: DebugUnit, entry: DebugEntry): Found {
    let found: Found = { entry, unit };
    for (let depth = 0; depth < deepestNesting; depth += 1) {
      const next =
        this.#referred(found, attributes.abstractOrigin) ??
        this.#referred(found, attributes.specification);
      if (next === undefined) return found;
      found = next;
    }
    return found;
  }

  #referred({ entry }: Found, attribute: number): Found | undefined {
    const value = entry.values.get(attribute);
    return value?.kind === "entry" ? this.#entries.at(value.offset) : undefined;
  }

  #describe(found: Found | undefined, depth: number): TypeDescription {
    if (found === undefined || depth > deepestNesting) return { kind: "void" };
    const { entry, unit } = found;
    const inner = (): TypeDescription =>
      this.#describe(this.#referred(found, attributes.type), depth + 1);
    const structure = structureTags.get(entry.tag);
    const name = textOf(entry, attributes.name);
    if (structure !== undefined) {
      const isDeclared = entry.values.has(attributes.declaration);
      const defined = isDeclared ? this.#types.get(`${structure} ${name}`) : entry.offset;
      if (defined !== undefined && defined !== entry.offset) {
        return this.#describe(this.#entries.at(defined), depth + 1);
      }
      const id = defined === undefined ? "" : `${this.#file}#${defined}`;
      const sizeBytes = numberOf(entry, attributes.byteSize) ?? 0;
      return { kind: "structure", tag: structure, name, id, sizeBytes };
    }
    switch (entry.tag) {
      case tags.typedef:
      case tags.constType:
      case tags.volatileType:
      case tags.restrictType:
      case tags.atomicType:
        return inner();
      case tags.pointerType:
        return { kind: "pointer", target: inner() };
      case tags.baseType:
        return describeBase(entry, name);
      case tags.enumerationType:
        return this.#describeEnumeration(unit, entry, name);
      case tags.arrayType: {
        const lengths = [...this.#entries.children(unit, entry)]
          .filter(({ tag }) => tag === tags.subrangeType)
          .map(lengthOf);
        return lengths.reduceRight<TypeDescription>(
          (element, length) => ({ kind: "array", element, length }),
          inner(),
        );
      }
      default:
        return { kind: "opaque", name: this.#typeName(found, depth) };
    }
  }

  #describeEnumeration(unit: DebugUnit, entry: DebugEntry, name: string): TypeDescription {
    const values: EnumerationValue[] = [];
    for (const child of this.#entries.children(unit, entry)) {
      if (child.tag !== tags.enumerator) continue;
      const value = child.values.get(attributes.constValue);
      if (value?.kind !== "number") continue;
      values.push({ name: textOf(child, attributes.name), value: value.value });
    }
    const sizeBytes = numberOf(entry, attributes.byteSize) ?? 4;
    const isSigned = values.some(({ value }) => value < 0n);
    return { kind: "enumeration", name, sizeBytes, isSigned, values };
  }

  /** A pointer's own qualifier stands behind its star. */
  #qualified(word: string, typeName: string): string {
    return typeName.endsWith("*") ? `${typeName} ${word}` : `${word} ${typeName}`;
  }

  #typeName(found: Found | undefined, depth: number): string {
    if (found === undefined || depth > deepestNesting) return "void";
    const { entry } = found;
    const inner = (): string => this.#typeName(this.#referred(found, attributes.type), depth + 1);
    const name = textOf(entry, attributes.name);
    switch (entry.tag) {
      case tags.pointerType:
        return `${inner()}*`;
      case tags.referenceType:
        return `${inner()}&`;
      case tags.rvalueReferenceType:
        return `${inner()}&&`;
      case tags.constType:
        return this.#qualified("const", inner());
      case tags.volatileType:
        return this.#qualified("volatile", inner());
      case tags.restrictType:
        return `${inner()} restrict`;
      case tags.arrayType:
        return `${inner()}[]`;
      case tags.subroutineType:
        return "void ()";
      case tags.structureType:
        return `struct ${name}`;
      case tags.unionType:
        return `union ${name}`;
      case tags.enumerationType:
        return `enum ${name}`;
      default:
        return name === "" ? "void" : name;
    }
  }
}

function describeBase(entry: DebugEntry, name: string): TypeDescription {
  const sizeBytes = numberOf(entry, attributes.byteSize) ?? 0;
  switch (numberOf(entry, attributes.encoding)) {
    case encodings.boolean:
      return { kind: "boolean" };
    case encodings.signed:
      return { kind: "integer", sizeBytes, isSigned: true, isCharacter: false };
    case encodings.signedChar:
      return { kind: "integer", sizeBytes, isSigned: true, isCharacter: true };
    // Plain char is unsigned on Arm.
    case encodings.unsignedChar:
      return { kind: "integer", sizeBytes, isSigned: false, isCharacter: name === "char" };
    case encodings.unsigned:
    case encodings.utf:
      return { kind: "integer", sizeBytes, isSigned: false, isCharacter: false };
    default:
      return { kind: "opaque", name };
  }
}

function placeOf(
  member: DebugEntry,
  type: TypeDescription,
): { readonly bitOffset: number; readonly bitFieldSize: number } {
  const bytes = numberOf(member, attributes.dataMemberLocation) ?? 0;
  const bitFieldSize = numberOf(member, attributes.bitSize) ?? 0;
  if (bitFieldSize === 0) return { bitOffset: bytes * 8, bitFieldSize };
  const fromStart = numberOf(member, attributes.dataBitOffset);
  if (fromStart !== undefined) return { bitOffset: fromStart, bitFieldSize };
  // Before version 4: counted from the highest bit of an integer at that place.
  const fromTop = numberOf(member, attributes.bitOffset) ?? 0;
  const own = type.kind === "integer" || type.kind === "enumeration" ? type.sizeBytes : 4;
  const storage = numberOf(member, attributes.byteSize) ?? own;
  return { bitOffset: bytes * 8 + storage * 8 - fromTop - bitFieldSize, bitFieldSize };
}

function lengthOf(range: DebugEntry): number {
  const count = numberOf(range, attributes.count);
  if (count !== undefined) return count;
  const last = numberOf(range, attributes.upperBound);
  return last === undefined ? 0 : last + 1;
}

function textOf(entry: DebugEntry, attribute: number): string {
  const value = entry.values.get(attribute);
  return value?.kind === "text" ? value.value : "";
}

function numberOf(entry: DebugEntry, attribute: number): number | undefined {
  const value = entry.values.get(attribute);
  return value?.kind === "number" ? Number(value.value) : undefined;
}
