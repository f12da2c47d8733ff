import { BtfError } from "./btf-error.js";
import { type BtfType, type BtfTypeId } from "./types.js";

type TypeOf = (id: BtfTypeId) => BtfType;

/** More parts than any type that a person wrote has: what a name that refers to itself runs into. */
const partLimit = 256;

/** Writes a type as C declares something of it without a name: "struct file *", "char[16]", "int (*)(void *)". */
export function formatTypeName(typeOf: TypeOf, id: BtfTypeId): string {
  return new TypeNameFormatter(typeOf, id).format(id, "");
}

class TypeNameFormatter {
  readonly #typeOf: TypeOf;
  readonly #whole: BtfTypeId;
  #parts = 0;

  constructor(typeOf: TypeOf, whole: BtfTypeId) {
    this.#typeOf = typeOf;
    this.#whole = whole;
  }

  /** `declarator`: what stands where a variable's name would, built from the outside of the type inwards. */
  format(id: BtfTypeId, declarator: string): string {
    if (++this.#parts > partLimit) {
      throw new BtfError(`name BTF type ${this.#whole}: it has no end`);
    }
    const type = this.#typeOf(id);
    switch (type.kind) {
      case "ptr":
        return this.#formatPointer(type.to, declarator);
      case "array":
        return this.format(type.element, `${declarator}[${type.length}]`);
      case "func_proto": {
        const parameters = type.parameters.map((one) => this.format(one.type, ""));
        if (type.isVariadic) parameters.push("...");
        if (parameters.length === 0) parameters.push("void");
        return this.format(type.returns, `${declarator}(${parameters.join(", ")})`);
      }
      case "const":
      case "volatile":
      case "restrict":
        return this.#formatQualified(type.kind, type.to, declarator);
      case "type_tag":
        return this.format(type.to, declarator);
      case "func":
        return this.format(type.prototype, declarator);
      case "var":
      case "decl_tag":
        return this.format(type.type, declarator);
      default:
        return join(baseName(type), declarator);
    }
  }

  #formatPointer(to: BtfTypeId, declarator: string): string {
    const target = this.#typeOf(to).kind;
    const isWrapped = target === "array" || target === "func_proto";
    return this.format(to, isWrapped ? `(*${declarator})` : `*${declarator}`);
  }

  /** A qualifier of a pointer stands after its star, any other before the type. */
  #formatQualified(qualifier: string, to: BtfTypeId, declarator: string): string {
    if (this.#typeOf(to).kind === "ptr") return this.format(to, join(qualifier, declarator));
    return `${qualifier} ${this.format(to, declarator)}`;
  }
}

type NamedType = Exclude<
  BtfType,
  {
    readonly kind:
      | "ptr"
      | "array"
      | "func_proto"
      | "const"
      | "volatile"
      | "restrict"
      | "type_tag"
      | "func"
      | "var"
      | "decl_tag";
  }
>;

function baseName(type: NamedType): string {
  switch (type.kind) {
    case "void":
      return "void";
    case "struct":
    case "union":
      return `${type.kind} ${type.name === "" ? "(anonymous)" : type.name}`;
    case "fwd":
      return `${type.of} ${type.name}`;
    case "enum":
    case "enum64":
      return `enum ${type.name === "" ? "(anonymous)" : type.name}`;
    case "int":
    case "typedef":
    case "float":
    case "datasec":
      return type.name;
  }
}

function join(left: string, right: string): string {
  return right === "" || right.startsWith("[") ? left + right : `${left} ${right}`;
}
