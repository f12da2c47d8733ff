import { BtfError } from "./btf-error.js";
import { CNames } from "./c-names.js";
import { placeMembers } from "./c-placement.js";
import { type TypeReader } from "./type-reader.js";
import { type BtfType, type BtfTypeId } from "./types.js";

/** Deeper than any types that a person wrote hang on each other by value. */
const deepestNesting = 400;

type Composite = Extract<BtfType, { readonly kind: "struct" | "union" }>;
type Enumeration = Extract<BtfType, { readonly kind: "enum" | "enum64" }>;

/** All types of a kernel, as a reader that knows how many there are. */
export interface AllTypes extends TypeReader {
  readonly typeCount: number;
}

/**
 * The types in C, each after those that it is made of, for a compiler that takes GNU C; every struct has the size and the offsets
 * that BTF says. Types that share a name get "___2" and so on behind it. Throws BtfError.
 */
export function formatCTypes(types: AllTypes): readonly string[] {
  const writer = new DeclarationWriter(types);
  for (let id = 1; id < types.typeCount; id++) writer.declareTopLevel(id);
  return writer.declarations;
}

/** A struct, union or enumeration with all that it is made of, as people read it: without what is between its members. */
export function formatCType(types: AllTypes, id: BtfTypeId): string {
  return new DeclarationWriter(types).whole(id);
}

/** What GNU C calls enumerations, and integers, of other sizes than int's. */
const modes: ReadonlyMap<number, string> = new Map([
  [1, "byte"],
  [2, "HI"],
  [8, "DI"],
]);
const integers: ReadonlyMap<number, string> = new Map([
  [1, "char"],
  [2, "short"],
  [8, "long long"],
]);

/** An assertion for each struct and union with a name, and for each of its members, of what `formatCTypes` gives. */
export function formatCAssertions(types: AllTypes): readonly string[] {
  const names = new CNames(types);
  const lines: string[] = [];
  for (let id = 1; id < types.typeCount; id++) {
    const type = types.type(id);
    if ((type.kind !== "struct" && type.kind !== "union") || type.name === "") continue;
    const name = `${type.kind} ${names.of(id)}`;
    lines.push(`_Static_assert(sizeof(${name}) == ${type.sizeBytes}, "${name}");`);
    for (const member of type.members) {
      if (member.name === "" || member.bitFieldSize !== 0 || member.bitOffset % 8 !== 0) continue;
      const place = `__builtin_offsetof(${name}, ${member.name})`;
      lines.push(`_Static_assert(${place} == ${member.bitOffset / 8}, "${name}.${member.name}");`);
    }
  }
  return lines;
}

class DeclarationWriter {
  readonly declarations: string[] = [];
  readonly #types: AllTypes;
  readonly #names: CNames;
  readonly #defined = new Set<BtfTypeId>();
  readonly #beingDefined = new Set<BtfTypeId>();
  readonly #announced = new Set<string>();

  constructor(types: AllTypes) {
    this.#types = types;
    this.#names = new CNames(types);
  }

  declareTopLevel(id: BtfTypeId): void {
    const type = this.#types.type(id);
    switch (type.kind) {
      case "struct":
      case "union":
        if (type.name !== "") this.#define(id, 0);
        return;
      case "enum":
      case "enum64":
      case "typedef":
        this.#define(id, 0);
        return;
      default:
        return;
    }
  }

  whole(id: BtfTypeId): string {
    const type = this.#types.type(id);
    const isEnumeration = type.kind === "enum" || type.kind === "enum64";
    if (isEnumeration) return this.#enumeration(id, type);
    if (type.kind !== "struct" && type.kind !== "union") return this.#declare(id, "", "");
    const text = this.#body(id, type, "");
    return text
      .replaceAll(/^\t+unsigned char (?:: \d+|__\w*\[\d+\]);\n/gm, "")
      .replaceAll(/ : (\d+);/g, ": $1;");
  }

  /** What is used by value: it has to be known as a whole. */
  #define(id: BtfTypeId, depth: number): void {
    if (depth > deepestNesting) throw new BtfError(`C of BTF type ${id}: it is nested without end`);
    const type = this.#types.type(id);
    switch (type.kind) {
      case "struct":
      case "union":
        this.#defineComposite(id, type, depth);
        return;
      case "enum":
      case "enum64":
        this.#defineEnumeration(id, type);
        return;
      case "typedef":
        this.#defineTypedef(id, type, depth);
        this.#define(type.to, depth + 1);
        return;
      case "array":
        this.#define(type.element, depth + 1);
        return;
      case "const":
      case "volatile":
      case "restrict":
      case "type_tag":
        this.#define(type.to, depth + 1);
        return;
      default:
        this.#announce(id, depth + 1);
    }
  }

  /** What is pointed to, or stands in a prototype: its name has to be known. */
  #announce(id: BtfTypeId, depth: number): void {
    if (depth > deepestNesting) throw new BtfError(`C of BTF type ${id}: it is nested without end`);
    const type = this.#types.type(id);
    switch (type.kind) {
      case "struct":
      case "union":
        if (type.name === "") this.#defineComposite(id, type, depth);
        else this.#forward(type.kind, this.#names.of(id));
        return;
      case "fwd":
        this.#forward(type.of, this.#names.of(id));
        return;
      case "enum":
      case "enum64":
        this.#defineEnumeration(id, type);
        return;
      case "typedef":
        this.#defineTypedef(id, type, depth);
        return;
      case "array":
        this.#define(type.element, depth + 1);
        return;
      case "ptr":
      case "const":
      case "volatile":
      case "restrict":
      case "type_tag":
        this.#announce(type.to, depth + 1);
        return;
      case "func_proto":
        this.#announce(type.returns, depth + 1);
        for (const parameter of type.parameters) this.#announce(parameter.type, depth + 1);
        return;
      default:
        return;
    }
  }

  #forward(tag: "struct" | "union", name: string): void {
    const full = `${tag} ${name}`;
    if (name === "" || this.#announced.has(full)) return;
    this.#announced.add(full);
    this.declarations.push(`${full};\n`);
  }

  #defineComposite(id: BtfTypeId, type: Composite, depth: number): void {
    if (this.#defined.has(id)) return;
    if (this.#beingDefined.has(id)) throw new BtfError(`C of BTF type ${id}: it holds itself`);
    this.#beingDefined.add(id);
    for (const member of type.members) this.#define(member.type, depth + 1);
    this.#beingDefined.delete(id);
    this.#defined.add(id);
    if (type.name === "") return;
    this.#announced.add(`${type.kind} ${this.#names.of(id)}`);
    this.declarations.push(`${this.#body(id, type, "")};\n`);
  }

  #defineEnumeration(id: BtfTypeId, type: Enumeration): void {
    if (this.#defined.has(id) || type.values.length === 0) return;
    // One without a name stands by itself, too: where it is used, it is a number.
    this.#defined.add(id);
    this.declarations.push(`${this.#enumeration(id, type)};\n`);
  }

  #defineTypedef(
    id: BtfTypeId,
    type: Extract<BtfType, { readonly kind: "typedef" }>,
    depth: number,
  ): void {
    if (this.#defined.has(id)) return;
    this.#defined.add(id);
    this.#announce(type.to, depth + 1);
    const text = this.#declare(type.to, this.#names.of(id), "");
    this.declarations.push(`typedef ${text};\n`);
  }

  /** A struct with its body, less what stands behind it. */
  #body(id: BtfTypeId, type: Composite, indent: string): string {
    const inner = `${indent}\t`;
    const { places, isPacked } = placeMembers(this.#types, type);
    const lines = places.map((place) => {
      if (place.kind === "bytes") return `unsigned char ${place.name}[${place.count}];`;
      if (place.kind === "bits") return `unsigned char : ${place.count};`;
      const { name, type: memberType, bitFieldSize } = place.member;
      const bits = bitFieldSize === 0 ? "" : ` : ${bitFieldSize}`;
      return `${this.#declare(memberType, name, inner)}${bits};`;
    });
    const name = this.#names.of(id);
    const head = name === "" ? type.kind : `${type.kind} ${name}`;
    const body = lines.map((line) => `${inner}${line}\n`).join("");
    return `${head} {\n${body}${indent}}${isPacked ? " __attribute__((packed))" : ""}`;
  }

  #enumeration(id: BtfTypeId, type: Enumeration): string {
    const name = this.#names.of(id);
    const values = type.values.map(
      (one, at) => `\t${this.#names.enumerator(id, at)} = ${literal(one.value)},\n`,
    );
    const natural = type.values.some(({ value }) => value > 0xffff_ffffn || value < -0x8000_0000n)
      ? 8
      : 4;
    const mode = modes.get(type.sizeBytes);
    const attribute =
      natural === type.sizeBytes || mode === undefined ? "" : ` __attribute__((mode(${mode})))`;
    return `enum${name === "" ? "" : ` ${name}`} {\n${values.join("")}}${attribute}`;
  }

  /** A declaration of a name: "int (*name)(void)", "const char *name[4]". */
  #declare(id: BtfTypeId, declarator: string, indent: string): string {
    let current = id;
    let text = declarator;
    let qualifiers = "";
    for (let depth = 0; depth < deepestNesting; depth++) {
      const type = this.#types.type(current);
      const spaced = text === "" || text.startsWith("[") ? text : ` ${text}`;
      switch (type.kind) {
        case "ptr": {
          const inner = this.#types.type(this.#pointee(type.to)).kind;
          const pointer = `*${qualifiers}${qualifiers !== "" && text !== "" ? " " : ""}${text}`;
          text = inner === "array" || inner === "func_proto" ? `(${pointer})` : pointer;
          qualifiers = "";
          current = type.to;
          break;
        }
        case "array":
          text = `${text}[${type.length}]`;
          current = type.element;
          break;
        case "const":
        case "volatile":
        case "restrict":
          qualifiers = withQualifier(qualifiers, type.kind);
          current = type.to;
          break;
        case "type_tag":
          current = type.to;
          break;
        case "func_proto": {
          const parameters = type.parameters.map((one) => this.#declare(one.type, "", indent));
          if (type.isVariadic) parameters.push("...");
          text = `${text}(${parameters.length === 0 ? "void" : parameters.join(", ")})`;
          // A function's result is a value: what qualifies it says nothing.
          qualifiers = "";
          current = type.returns;
          break;
        }
        default: {
          const base = this.#base(current, type, indent);
          return `${qualifiers === "" ? "" : `${qualifiers} `}${base}${spaced}`;
        }
      }
    }
    throw new BtfError(`C of BTF type ${id}: its declaration does not end`);
  }

  #pointee(id: BtfTypeId): BtfTypeId {
    let current = id;
    for (let depth = 0; depth < deepestNesting; depth++) {
      const type = this.#types.type(current);
      const isQualifier =
        type.kind === "const" ||
        type.kind === "volatile" ||
        type.kind === "restrict" ||
        type.kind === "type_tag";
      if (!isQualifier) return current;
      current = type.to;
    }
    throw new BtfError(`C of BTF type ${id}: its qualifiers do not end`);
  }

  #base(id: BtfTypeId, type: BtfType, indent: string): string {
    switch (type.kind) {
      case "void":
        return "void";
      case "int":
      case "float":
      case "typedef":
        return this.#names.of(id);
      case "struct":
      case "union":
        return type.name === ""
          ? this.#body(id, type, indent)
          : `${type.kind} ${this.#names.of(id)}`;
      case "fwd":
        return `${type.of} ${this.#names.of(id)}`;
      case "enum":
      case "enum64":
        return this.#enumerationName(id, type);
      default:
        throw new BtfError(`C of BTF type ${id}: a ${type.kind} stands where a value does`);
    }
  }

  /** Without a name, or without values, it is a number: the values were said before. */
  #enumerationName(id: BtfTypeId, type: Enumeration): string {
    if (type.name !== "" && type.values.length > 0) return `enum ${this.#names.of(id)}`;
    const sign = type.isSigned ? "" : "unsigned ";
    return `${sign}${integers.get(type.sizeBytes) ?? "int"}`;
  }
}

/** "const volatile": each once. */
function withQualifier(qualifiers: string, kind: "const" | "volatile" | "restrict"): string {
  const words = qualifiers === "" ? [] : qualifiers.split(" ");
  const word = kind === "restrict" ? "__restrict" : kind;
  return words.includes(word) ? qualifiers : [...words, word].join(" ");
}

function literal(value: bigint): string {
  if (value > 0x7fff_ffff_ffff_ffffn) return `${value}ULL`;
  if (value === -0x8000_0000_0000_0000n) return `(-9223372036854775807LL - 1)`;
  return value > 0x7fff_ffffn || value < -0x8000_0000n ? `${value}LL` : String(value);
}
