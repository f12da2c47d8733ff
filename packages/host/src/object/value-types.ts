import { type TypeReader } from "../btf/type-reader.js";
import { type BtfMember, type BtfType, type BtfTypeId } from "../btf/types.js";
import { type StructField, type ValueType } from "../spec/value-type.js";
import { ObjectError } from "./object-error.js";

/** Structs and arrays deeper within each other than any that a person wrote. */
const deepestNesting = 32;
/** More fields than any record that is worth printing has. */
const mostFields = 10_000;

/** How values of a type of C's are read from bytes; undefined for what has no value: void, functions, what is only declared. */
export function valueTypeOf(
  types: TypeReader,
  id: BtfTypeId,
  byteOrder: "little" | "big",
): ValueType | undefined {
  return new ValueTypes(types, byteOrder).read(id, 0);
}

class ValueTypes {
  readonly #types: TypeReader;
  readonly #byteOrder: "little" | "big";
  #fieldCount = 0;

  constructor(types: TypeReader, byteOrder: "little" | "big") {
    this.#types = types;
    this.#byteOrder = byteOrder;
  }

  read(id: BtfTypeId, depth: number): ValueType | undefined {
    if (depth > deepestNesting) {
      throw new ObjectError(`type ${this.#types.formatTypeName(id)}: it has no end`);
    }
    const type = this.#types.type(this.#types.resolve(id));
    switch (type.kind) {
      case "int":
        return type.isBoolean && type.sizeBytes === 1 ? { kind: "boolean" } : integerOf(type);
      case "enum":
      case "enum64":
        return enumerationOf(type);
      case "ptr":
        return this.#pointer(type.to);
      case "float":
        return bytesOf(type.sizeBytes);
      case "array":
        return this.#array(type, depth);
      case "struct":
      case "union":
        return {
          kind: "struct",
          fields: this.#fields(type.members, depth),
          sizeBytes: type.sizeBytes,
        };
      default:
        return undefined;
    }
  }

  /** Where code is has a name. */
  #pointer(to: BtfTypeId): ValueType {
    const sizeBytes = this.#types.pointerSizeBytes;
    const target = this.#types.outline(this.#types.resolve(to));
    if (target.kind === "func_proto" && sizeBytes === 8) return { kind: "ksym" };
    return { kind: "pointer", sizeBytes };
  }

  #array({ element, length }: Extract<BtfType, { readonly kind: "array" }>, depth: number) {
    const inner = this.#types.type(this.#types.resolve(element));
    if (inner.kind === "int" && isCharacter(inner)) {
      return { kind: "string", capacityBytes: length } as const;
    }
    const type = this.read(element, depth + 1);
    if (type === undefined) return undefined;
    const elementSizeBytes = this.#types.sizeOf(element);
    return { kind: "array", element: type, elementSizeBytes, length } as const;
  }

  /** Those of members without a name stand in their place. */
  #fields(members: readonly BtfMember[], depth: number): readonly StructField[] {
    return members.flatMap((member): readonly StructField[] => {
      this.#fieldCount++;
      if (this.#fieldCount > mostFields) throw new ObjectError("a type of too many fields");
      const type = this.read(member.type, depth + 1);
      if (type === undefined) return [];
      const { name, bitOffset, bitFieldSize } = member;
      if (name === "") {
        if (type.kind !== "struct" || bitFieldSize !== 0) return [];
        const offset = Math.floor(bitOffset / 8);
        return type.fields.map((field) => ({ ...field, offset: offset + field.offset }));
      }
      if (bitFieldSize === 0 && bitOffset % 8 === 0) return [{ name, type, offset: bitOffset / 8 }];
      const field = this.#bitField(type, member);
      return field === undefined ? [] : [field];
    });
  }

  /** Cut from the smallest aligned integer that has all its bits. */
  #bitField(type: ValueType, member: BtfMember): StructField | undefined {
    const { name, bitOffset } = member;
    const size = member.bitFieldSize === 0 ? 8 * integerSize(type) : member.bitFieldSize;
    const own = type.kind === "integer" ? type : { kind: "integer" as const, isSigned: false };
    for (const sizeBytes of [1, 2, 4, 8] as const) {
      const bits = 8 * sizeBytes;
      const start = Math.floor(bitOffset / bits) * bits;
      const before = bitOffset - start;
      if (before + size > bits) continue;
      // Big-endian machines count bits from the highest.
      const shift = this.#byteOrder === "little" ? before : bits - before - size;
      return {
        name,
        type: { ...own, sizeBytes },
        offset: start / 8,
        bits: { shift, size },
      };
    }
    return undefined;
  }
}

function integerSize(type: ValueType): number {
  return type.kind === "integer" ? type.sizeBytes : 1;
}

/** C's char and what is like it: an array of them is a string. */
function isCharacter(type: Extract<BtfType, { readonly kind: "int" }>): boolean {
  return type.sizeBytes === 1 && (type.name === "char" || type.isCharacter);
}

function integerOf({ sizeBytes, isSigned }: Extract<BtfType, { readonly kind: "int" }>): ValueType {
  return isRegisterSize(sizeBytes) ? { kind: "integer", sizeBytes, isSigned } : bytesOf(sizeBytes);
}

function enumerationOf(type: Extract<BtfType, { readonly kind: "enum" | "enum64" }>): ValueType {
  const { sizeBytes, values } = type;
  if (!isRegisterSize(sizeBytes)) return bytesOf(sizeBytes);
  const isSigned = type.isSigned || values.some(({ value }) => value < 0n);
  return { kind: "integer", sizeBytes, isSigned, names: values };
}

function bytesOf(length: number): ValueType {
  const element = { kind: "integer", sizeBytes: 1, isSigned: false } as const;
  return { kind: "array", element, elementSizeBytes: 1, length };
}

function isRegisterSize(size: number): size is 1 | 2 | 4 | 8 {
  return size === 1 || size === 2 || size === 4 || size === 8;
}
