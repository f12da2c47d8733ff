import {
  type EnumerationValue,
  type MemberDescription,
  type StructureDescription,
  type TypeDescription,
} from "../../../btf/type-description.js";
import { type TargetDescription } from "../../../spec/target-description.js";
import { cInteger } from "../../c-integer.js";
import { nearNames } from "../../near-names.js";
import { type Answer, type Query } from "../../answers.js";
import {
  type AddressSpace,
  type BitField,
  boolean,
  type Enumeration,
  type Structure,
  type StructureMember,
  type StructType,
  type Type,
} from "../type.js";

/** Gives the answer to a query, or notes that it has to be asked. */
export type Ask = <Kind extends Query["kind"]>(
  query: Extract<Query, { readonly kind: Kind }>,
) => Extract<Answer, { readonly kind: Kind }> | undefined;

/** Types that the program itself defines, in C. */
export interface DefinedTypes {
  /** By name: "struct point", "enum color", "point_t". */
  readonly types: ReadonlyMap<string, TypeDescription>;
  /** By a structure's id: its members, in order; those without a name are "". */
  readonly members: ReadonlyMap<string, readonly MemberDescription[]>;
  /** By an enumerator's name. */
  readonly enumerators: ReadonlyMap<string, TypeDescription>;
}

/** Where the program's types come from: its own definitions first, then the target's kernel. */
export class TypeSource {
  readonly #target: Pick<TargetDescription, "pointerSize" | "byteOrder">;
  readonly #defined: DefinedTypes;
  readonly #ask: Ask;
  #files: { readonly paths: readonly string[]; readonly areFirst: boolean } = {
    paths: [],
    areFirst: false,
  };
  readonly #enumerations = new Map<string, Enumeration>();

  constructor(
    target: Pick<TargetDescription, "pointerSize" | "byteOrder">,
    defined: DefinedTypes,
    ask: Ask,
  ) {
    this.#target = target;
    this.#defined = defined;
    this.#ask = ask;
  }

  /** What a name of C's means; pointers in it point into `space`. */
  named(name: string, space: AddressSpace): Type | undefined {
    const description = this.describe(name);
    return description === undefined ? undefined : this.typeOf(description, space);
  }

  /** A type that the program defines. */
  defined(name: string): TypeDescription | undefined {
    return this.#defined.types.get(name);
  }

  /** Programs whose functions are probed: their types are known, too, where they have debug information. */
  knowFiles(files: { readonly paths: readonly string[]; readonly areFirst: boolean }): void {
    this.#files = files;
  }

  /** The same, before it is known what it is made of. */
  describe(name: string): TypeDescription | undefined {
    const kernel = (): TypeDescription | undefined => this.#ofKernel(name);
    const own = this.#defined.types.get(name);
    // An id of a program's structure.
    if (own !== undefined || name.startsWith("/")) return own ?? kernel();
    const isTagged = /^(?:struct|union|enum) /.test(name);
    return this.#files.areFirst && isTagged
      ? (this.#ofFiles(name) ?? kernel())
      : (kernel() ?? this.#ofFiles(name));
  }

  /** The kernel's structures need not be called such: task_struct is struct task_struct. */
  #ofKernel(name: string): TypeDescription | undefined {
    const names = /^\w+$/.test(name) ? ["", "struct ", "union ", "enum "] : [""];
    for (const tag of names) {
      const found = this.#ask({ kind: "kernelType", name: `${tag}${name}` })?.type;
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #ofFiles(name: string): TypeDescription | undefined {
    for (const file of this.#files.paths) {
      const found = this.#ask({ kind: "userType", file, name })?.type;
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** A structure that is declared by its name alone: what it is, or whether it is, is asked when something of it is wanted. */
  declared(tag: "struct" | "union", name: string, space: AddressSpace): StructType {
    const description = { kind: "structure", tag, name, id: "", sizeBytes: 0 } as const;
    return { kind: "struct", structure: new DescribedStructure(this, description), space };
  }

  /** What "const struct sock *" or "u64 *" points to; `undefined` for what is not known by its name alone. */
  pointedTo(typeName: string, space: AddressSpace): Type | undefined {
    const [, base = ""] = /^(.*?)\s*\*$/.exec(typeName) ?? [];
    const bare = base.replaceAll(/\b(?:const|volatile)\b/g, "").trim();
    const [, tag, name = ""] = /^(struct|union) (\w+)$/.exec(bare) ?? [];
    if (tag === "struct" || tag === "union") return this.declared(tag, name, space);
    if (bare.endsWith("*")) {
      return { kind: "pointer", space, target: this.pointedTo(bare, space) };
    }
    return cInteger(bare);
  }

  /** The number that a name stands for, with the type of its enumeration. */
  enumerator(name: string): { readonly value: bigint; readonly type: Type } | undefined {
    const description =
      this.#defined.enumerators.get(name) ?? this.#ask({ kind: "kernelEnumerator", name })?.type;
    if (description?.kind !== "enumeration") return undefined;
    const found = description.values.find((one) => one.name === name);
    const type = this.typeOf(description, "kernel");
    return found === undefined || type === undefined ? undefined : { value: found.value, type };
  }

  /** `undefined` for void, and for what cannot be read. */
  typeOf(description: TypeDescription, space: AddressSpace): Type | undefined {
    switch (description.kind) {
      case "integer": {
        const { sizeBytes, isSigned } = description;
        return isRegisterSize(sizeBytes) ? { kind: "integer", sizeBytes, isSigned } : undefined;
      }
      case "boolean":
        return boolean;
      case "enumeration": {
        const { sizeBytes, isSigned } = description;
        if (!isRegisterSize(sizeBytes)) return undefined;
        const enumeration = this.#enumeration(description);
        return { kind: "integer", sizeBytes, isSigned, enumeration };
      }
      case "pointer":
        return { kind: "pointer", space, target: this.typeOf(description.target, space) };
      case "array":
        return this.#arrayOf(description, space);
      case "structure": {
        // What the program says itself of a structure of the probed file goes before what the file says.
        const own = description.id.startsWith("/")
          ? this.defined(`${description.tag} ${description.name}`)
          : undefined;
        const known = own?.kind === "structure" ? own : description;
        return { kind: "struct", structure: new DescribedStructure(this, known), space };
      }
      case "void":
      case "opaque":
        return undefined;
    }
  }

  /** Bytes of a value as it lies in the target's memory; 0 when that is not known. */
  sizeOf(description: TypeDescription): number {
    switch (description.kind) {
      case "integer":
      case "enumeration":
        return description.sizeBytes;
      case "boolean":
        return 1;
      case "pointer":
        return this.#target.pointerSize;
      case "array":
        return description.length * this.sizeOf(description.element);
      case "structure":
        return this.structureSize(description);
      case "void":
      case "opaque":
        return 0;
    }
  }

  structureSize(structure: StructureDescription): number {
    if (structure.sizeBytes > 0) return structure.sizeBytes;
    const whole = this.#complete(structure);
    return whole?.kind === "structure" ? whole.sizeBytes : 0;
  }

  member(structure: StructureDescription, name: string): MemberDescription | undefined {
    const id = this.#idOf(structure);
    const own = this.#defined.members.get(id);
    if (own !== undefined) return this.#findOwn(own, name);
    if (id === "") return undefined;
    return this.#ask({ kind: "kernelMember", structure: id, name })?.member;
  }

  members(structure: StructureDescription): readonly MemberDescription[] {
    const id = this.#idOf(structure);
    const own = this.#defined.members.get(id);
    if (own !== undefined) return own;
    if (id === "") return [];
    return this.#ask({ kind: "kernelMembers", structure: id })?.members ?? [];
  }

  typedMember(member: MemberDescription, space: AddressSpace): StructureMember | undefined {
    const { name, type: description, bitOffset, bitFieldSize } = member;
    const type = this.typeOf(description, space);
    if (type === undefined) return undefined;
    if (bitFieldSize === 0) {
      return { name, type, offset: bitOffset / 8, sizeBytes: this.sizeOf(description) };
    }
    const around = integerAround(member, this.#target.byteOrder);
    return around === undefined ? undefined : { name, type, ...around };
  }

  isDefined(structure: StructureDescription): boolean {
    return this.#idOf(structure) !== "";
  }

  namesNear(structure: StructureDescription, name: string): readonly string[] {
    const id = this.#idOf(structure);
    const own = this.#defined.members.get(id);
    if (own !== undefined) return nearNames(name, this.#ownNames(own));
    if (id === "") return [];
    return this.#ask({ kind: "kernelMember", structure: id, name })?.near ?? [];
  }

  /** Of one that was only declared, that of its definition. */
  #idOf(structure: StructureDescription): string {
    if (structure.id !== "") return structure.id;
    const whole = this.describe(`${structure.tag} ${structure.name}`);
    return whole?.kind === "structure" ? whole.id : "";
  }

  /** What is known of a structure when its size is asked for, too. */
  #complete(structure: StructureDescription): TypeDescription | undefined {
    const id = this.#idOf(structure);
    if (id === "") return structure;
    if (this.#defined.members.has(id)) {
      // Within itself, and in what is declared before it, its size was not known yet.
      return this.#defined.types.get(`${structure.tag} ${structure.name}`) ?? structure;
    }
    return this.#ask({ kind: "kernelType", name: id })?.type;
  }

  #findOwn(members: readonly MemberDescription[], name: string): MemberDescription | undefined {
    for (const member of members) {
      if (member.name === name) return member;
      if (member.name !== "" || member.type.kind !== "structure") continue;
      const inner = this.member(member.type, name);
      if (inner !== undefined) return { ...inner, bitOffset: member.bitOffset + inner.bitOffset };
    }
    return undefined;
  }

  #ownNames(members: readonly MemberDescription[]): readonly string[] {
    return members.flatMap(({ name, type }) => {
      if (name !== "" || type.kind !== "structure") return [name];
      return this.#ownNames(this.members(type));
    });
  }

  /** An array of characters is a string, which may fill it. */
  #arrayOf(
    description: Extract<TypeDescription, { readonly kind: "array" }>,
    space: AddressSpace,
  ): Type | undefined {
    const { element, length } = description;
    if (element.kind === "integer" && element.isCharacter && length > 0) {
      const capacityBytes = length + 1;
      return description.isDeclared === true
        ? { kind: "string", capacityBytes }
        : { kind: "string", capacityBytes, isArray: true };
    }
    const type = this.typeOf(element, space);
    if (type === undefined) return undefined;
    return { kind: "array", element: type, elementSizeBytes: this.sizeOf(element), length };
  }

  #enumeration({
    name,
    values,
  }: Extract<TypeDescription, { readonly kind: "enumeration" }>): Enumeration {
    const made = new NamedNumbers(name, values);
    const known = this.#enumerations.get(made.id);
    // One that is only pointed to was described without its values.
    if (known !== undefined && known.values().length >= values.length) return known;
    this.#enumerations.set(made.id, made);
    return made;
  }
}

class NamedNumbers implements Enumeration {
  readonly name: string;
  readonly id: string;
  readonly #values: readonly EnumerationValue[];

  constructor(name: string, values: readonly EnumerationValue[]) {
    this.name = name;
    this.id = name === "" ? values.map((one) => one.name).join() : name;
    this.#values = values;
  }

  values(): readonly EnumerationValue[] {
    return this.#values;
  }
}

class DescribedStructure implements Structure {
  readonly tag: "struct" | "union";
  readonly name: string;
  readonly id: string;
  readonly #types: TypeSource;
  readonly #description: StructureDescription;

  constructor(types: TypeSource, description: StructureDescription) {
    const { tag, name, id } = description;
    this.tag = tag;
    this.name = name;
    this.id = id === "" ? `${tag} ${name}` : id;
    this.#types = types;
    this.#description = description;
  }

  isDefined(): boolean {
    return this.#types.isDefined(this.#description);
  }

  sizeBytes(): number {
    return this.#types.structureSize(this.#description);
  }

  member(name: string, space: AddressSpace): StructureMember | undefined {
    const member = this.#types.member(this.#description, name);
    return member === undefined ? undefined : this.#typed(member, space);
  }

  namesNear(name: string): readonly string[] {
    return this.#types.namesNear(this.#description, name);
  }

  members(space: AddressSpace): readonly StructureMember[] {
    return this.#types
      .members(this.#description)
      .map((member) => this.#typed(member, space))
      .filter((member) => member !== undefined);
  }

  #typed(member: MemberDescription, space: AddressSpace): StructureMember | undefined {
    return this.#types.typedMember(member, space);
  }
}

/** The smallest aligned integer that has all bits of a bit-field. */
function integerAround(
  { bitOffset, bitFieldSize }: MemberDescription,
  byteOrder: "little" | "big",
): { readonly offset: number; readonly sizeBytes: number; readonly bits: BitField } | undefined {
  for (const sizeBytes of [1, 2, 4, 8]) {
    const bits = sizeBytes * 8;
    const start = Math.floor(bitOffset / bits) * bits;
    const shift = bitOffset - start;
    if (shift + bitFieldSize > bits) continue;
    return {
      offset: start / 8,
      sizeBytes,
      bits: {
        // Big-endian machines count bits from the highest.
        shift: byteOrder === "little" ? shift : bits - shift - bitFieldSize,
        size: bitFieldSize,
      },
    };
  }
  return undefined;
}

function isRegisterSize(sizeBytes: number): sizeBytes is 1 | 2 | 4 | 8 {
  return sizeBytes === 1 || sizeBytes === 2 || sizeBytes === 4 || sizeBytes === 8;
}
