import {
  type EnumerationValue,
  type MemberDescription,
  type TypeDescription,
} from "../../../btf/type-description.js";
import { type TargetDescription } from "../../../spec/target-description.js";
import { cInteger } from "../../c-integer.js";
import {
  type DeclaredType,
  type EnumerationDefinition,
  type Expression,
  type MemberDeclaration,
  type StructureDefinition,
  type TypeDefinition,
} from "../../syntax/ast.js";
import { type Span } from "../../syntax/span.js";
import { type Diagnostics } from "../diagnostics.js";
import { foldInteger } from "./fold-integer.js";
import { type DefinedTypes } from "./type-source.js";

/** What definitions need of others: the kernel's types, and what is known of the target. */
interface DefinitionContext {
  readonly target: Pick<TargetDescription, "pointerSize" | "architecture">;
  readonly diagnostics: Diagnostics;
  /** A type that the program does not define. */
  readonly describe: (name: string) => TypeDescription | undefined;
  /** Bytes of a structure that the program does not define. */
  readonly sizeOf: (type: TypeDescription) => number;
}

/** Lays out the types that a program defines in C, as the target's compiler would. */
export function defineTypes(
  definitions: readonly TypeDefinition[],
  context: DefinitionContext,
): DefinedTypes {
  const definer = new TypeDefiner(context);
  for (const definition of definitions) definer.define(definition);
  return definer;
}

/** Bytes and alignment of a type. */
interface Measure {
  readonly sizeBytes: number;
  readonly alignment: number;
}

/** More than any array that makes sense to a program has. */
const mostElements = 1 << 20;

class TypeDefiner implements DefinedTypes {
  readonly types = new Map<string, TypeDescription>();
  readonly members = new Map<string, readonly MemberDescription[]>();
  readonly enumerators = new Map<string, TypeDescription>();
  readonly #alignments = new Map<string, number>();
  readonly #context: DefinitionContext;

  constructor(context: DefinitionContext) {
    this.#context = context;
  }

  define(definition: TypeDefinition): void {
    if (definition.kind === "typedef") {
      const type = this.#declared(definition.type);
      if (type !== undefined) this.types.set(definition.name, type);
    } else if (definition.kind === "structure") {
      this.#structure(definition);
    } else {
      this.#enumeration(definition);
    }
  }

  #structure(definition: StructureDefinition): TypeDescription {
    const { tag, name, isPacked, members, span } = definition;
    const id = `script:${this.members.size}`;
    const fullName = `${tag} ${name}`;
    const earlier = this.types.get(fullName);
    if (name !== "" && earlier?.kind === "structure" && earlier.sizeBytes > 0) {
      this.#fault(span, `redefinition of '${name}'`);
    }
    const twice = members.find((member, index) => {
      return member.name !== "" && members.findIndex((one) => one.name === member.name) < index;
    });
    if (twice !== undefined) this.#fault(twice.span, `duplicate member '${twice.name}'`);
    // Its own members may point to it.
    this.members.set(id, []);
    if (name !== "") this.types.set(fullName, { kind: "structure", tag, name, id, sizeBytes: 0 });
    const layout = new StructureLayout(tag, isPacked);
    for (const member of members) this.#place(layout, member);
    layout.alignment = Math.max(layout.alignment, definition.alignment ?? 1);
    const sizeBytes = layout.sizeBytes;
    const type = { kind: "structure", tag, name, id, sizeBytes } as const;
    this.members.set(id, layout.members);
    this.#alignments.set(id, layout.alignment);
    if (name !== "") this.types.set(fullName, type);
    return type;
  }

  #place(layout: StructureLayout, member: MemberDeclaration): void {
    const { name, type: declared, bits, span } = member;
    const type = this.#declared(declared);
    if (type === undefined) return;
    const measure = this.#measure(type);
    if (bits === undefined) {
      const alignment = Math.max(measure.alignment, member.alignment ?? 1);
      layout.add(name, type, { ...measure, alignment });
      return;
    }
    const width = this.#number(bits);
    if (width === undefined) return;
    if (width < 0n || width > BigInt(measure.sizeBytes * 8)) {
      this.#fault(span, `a bit-field of ${width} bits does not fit in its type`);
      return;
    }
    layout.addBits(name, type, measure, Number(width));
  }

  #enumeration({ name, values: definitions }: EnumerationDefinition): TypeDescription {
    const values: EnumerationValue[] = [];
    let next = 0n;
    for (const { name: valueName, value, span } of definitions) {
      if (this.enumerators.has(valueName) || values.some((one) => one.name === valueName)) {
        this.#fault(span, `redefinition of enumerator '${valueName}'`);
      }
      // Those before it can be used in it.
      const known = new Map(values.map((one) => [one.name, one.value]));
      const number = value === undefined ? next : this.#number(value, known);
      if (number === undefined) continue;
      values.push({ name: valueName, value: number });
      next = number + 1n;
    }
    const isSigned = values.some(({ value }) => value < 0n);
    const limit = isSigned ? 1n << 31n : 1n << 32n;
    const isWide = values.some(({ value }) => value >= limit || value < -(1n << 31n));
    const sizeBytes = isWide ? 8 : 4;
    const type = { kind: "enumeration", name, sizeBytes, isSigned, values } as const;
    if (name !== "") this.types.set(`enum ${name}`, type);
    for (const value of values) this.enumerators.set(value.name, type);
    return type;
  }

  #declared({ base, pointerDepth, arrayLengths, span }: DeclaredType): TypeDescription | undefined {
    let type = typeof base === "string" ? this.#named(base, pointerDepth, span) : this.#inner(base);
    if (type === undefined) return undefined;
    for (let depth = 0; depth < pointerDepth; depth += 1) type = { kind: "pointer", target: type };
    for (const length of arrayLengths.toReversed()) {
      const count = length === undefined ? 0n : this.#number(length);
      if (count === undefined) return undefined;
      if (count < 0n || count > mostElements) {
        return this.#fault(span, `an array cannot have ${count} elements`);
      }
      type = { kind: "array", element: type, length: Number(count), isDeclared: true };
    }
    if (type.kind === "void") return this.#fault(span, "void is no type of a member");
    return type;
  }

  #inner(definition: StructureDefinition | EnumerationDefinition): TypeDescription {
    return definition.kind === "structure"
      ? this.#structure(definition)
      : this.#enumeration(definition);
  }

  #named(name: string, pointerDepth: number, span: Span): TypeDescription | undefined {
    if (name === "void") return { kind: "void" };
    const own = this.types.get(name);
    if (own !== undefined) return own;
    if (name === "bool" || name === "_Bool") return { kind: "boolean" };
    const integer = cInteger(name) ?? this.#registerInteger(name);
    if (integer !== undefined) {
      const isCharacter = name === "char" || name === "int8" || name === "int8_t";
      return { kind: "integer", ...integer, isCharacter };
    }
    const bits = realBits(name);
    if (bits !== undefined) return bits;
    const described = this.#context.describe(name);
    if (described !== undefined) return described;
    const [, tag, bare = ""] = /^(struct|union) (\w+)$/.exec(name) ?? [];
    // Somewhere else, perhaps nowhere: it can be pointed to.
    if ((tag === "struct" || tag === "union") && pointerDepth > 0) {
      return { kind: "structure", tag, name: bare, id: "", sizeBytes: 0 };
    }
    return this.#fault(span, `Cannot resolve unknown type "${name}"`);
  }

  #registerInteger(name: string): { sizeBytes: number; isSigned: boolean } | undefined {
    const isUnsigned = /^(?:unsigned long(?: int)?|long unsigned(?: int)?|size_t|uintptr_t)$/;
    const isSigned = /^(?:(?:signed )?long(?: int)?|ssize_t|intptr_t|off_t|time_t)$/;
    if (!isUnsigned.test(name) && !isSigned.test(name)) return undefined;
    return { sizeBytes: this.#context.target.pointerSize, isSigned: isSigned.test(name) };
  }

  #measure(type: TypeDescription): Measure {
    const { pointerSize, architecture } = this.#context.target;
    switch (type.kind) {
      case "boolean":
        return { sizeBytes: 1, alignment: 1 };
      case "pointer":
        return { sizeBytes: pointerSize, alignment: pointerSize };
      case "array": {
        const element = this.#measure(type.element);
        return { sizeBytes: type.length * element.sizeBytes, alignment: element.alignment };
      }
      case "structure": {
        const sizeBytes = this.members.has(type.id) ? type.sizeBytes : this.#context.sizeOf(type);
        const alignment = this.#alignments.get(type.id) ?? largestPower(sizeBytes, 8);
        return { sizeBytes, alignment };
      }
      case "integer":
      case "enumeration": {
        // The psABI of 32-bit x86.
        const largest = architecture === "ia32" ? 4 : 16;
        return { sizeBytes: type.sizeBytes, alignment: Math.min(type.sizeBytes, largest) };
      }
      case "void":
      case "opaque":
        return { sizeBytes: 0, alignment: 1 };
    }
  }

  #number(expression: Expression, known?: ReadonlyMap<string, bigint>): bigint | undefined {
    const number = foldInteger(expression, (name) => known?.get(name) ?? this.#enumerator(name));
    if (number !== undefined) return number;
    return this.#fault(expression.span, "this must be a constant number");
  }

  #enumerator(name: string): bigint | undefined {
    const type = this.enumerators.get(name);
    if (type?.kind !== "enumeration") return undefined;
    return type.values.find((one) => one.name === name)?.value;
  }

  #fault(span: Span, message: string): undefined {
    this.#context.diagnostics.error("type-mismatch", span, message);
    return undefined;
  }
}

/** Programs of the kernel's do not calculate with real numbers: they are their bits. */
function realBits(name: string): TypeDescription | undefined {
  const bits = (sizeBytes: number): TypeDescription => ({
    kind: "integer",
    sizeBytes,
    isSigned: false,
    isCharacter: false,
  });
  if (name === "float") return bits(4);
  if (name === "double") return bits(8);
  return name === "long double" ? { kind: "array", element: bits(8), length: 2 } : undefined;
}

/** The largest power of two up to `most` that divides a size: what a structure is aligned to, which BTF does not tell. */
function largestPower(sizeBytes: number, most: number): number {
  let power = most;
  while (power > 1 && sizeBytes % power !== 0) power /= 2;
  return power;
}

/** Places members as C compilers do by the System V ABIs. */
class StructureLayout {
  readonly members: MemberDescription[] = [];
  alignment = 1;
  readonly #isUnion: boolean;
  readonly #isPacked: boolean;
  /** Of the end of what was placed last. */
  #bits = 0;
  #endBits = 0;

  constructor(tag: "struct" | "union", isPacked: boolean) {
    this.#isUnion = tag === "union";
    this.#isPacked = isPacked;
  }

  get sizeBytes(): number {
    return roundUp(Math.ceil(this.#endBits / 8), this.alignment);
  }

  add(name: string, type: TypeDescription, { sizeBytes, alignment }: Measure): void {
    const start = roundUp(this.#start(), this.#isPacked ? 8 : alignment * 8);
    this.#put({ name, type, bitOffset: start, bitFieldSize: 0 }, sizeBytes * 8, alignment);
  }

  /** A bit-field never lies across the boundary of its type; one of no bits ends the run. */
  addBits(
    name: string,
    type: TypeDescription,
    { sizeBytes, alignment }: Measure,
    width: number,
  ): void {
    const unit = sizeBytes * 8;
    let start = this.#start();
    const crosses = (start % unit) + width > unit;
    if (width === 0 || (crosses && !this.#isPacked)) start = roundUp(start, alignment * 8);
    const member = { name, type, bitOffset: start, bitFieldSize: width };
    this.#put(member, width, name === "" ? 1 : alignment);
  }

  #start(): number {
    return this.#isUnion ? 0 : this.#bits;
  }

  #put(member: MemberDescription, bits: number, alignment: number): void {
    const isNameless = member.name === "" && member.type.kind !== "structure";
    if (!isNameless) this.members.push(member);
    this.#bits = member.bitOffset + bits;
    this.#endBits = Math.max(this.#endBits, this.#bits);
    if (!this.#isPacked) this.alignment = Math.max(this.alignment, alignment);
  }
}

function roundUp(value: number, step: number): number {
  return Math.ceil(value / step) * step;
}
