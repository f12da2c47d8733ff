/** An index into a BTF blob's types; 0 is void. */
export type BtfTypeId = number & { readonly __brand?: "BtfTypeId" };

/** BTF_KIND_* (include/uapi/linux/btf.h), in lower case, by number. */
export const btfKinds = [
  "void",
  "int",
  "ptr",
  "array",
  "struct",
  "union",
  "enum",
  "fwd",
  "typedef",
  "volatile",
  "const",
  "restrict",
  "func",
  "func_proto",
  "var",
  "datasec",
  "float",
  "decl_tag",
  "type_tag",
  "enum64",
] as const;

export type BtfKind = (typeof btfKinds)[number];

/** A decoded type. Names are "" where there is none; types that it is made of are ids. */
export type BtfType =
  | { readonly kind: "void" }
  | {
      readonly kind: "int";
      readonly name: string;
      readonly sizeBytes: number;
      readonly isSigned: boolean;
      readonly isCharacter: boolean;
      readonly isBoolean: boolean;
      /** BTF_INT_BITS and BTF_INT_OFFSET: less than the size only in BTF older than 5.0's bit-fields. */
      readonly bits: number;
      readonly bitOffset: number;
    }
  | { readonly kind: "ptr"; readonly to: BtfTypeId }
  | {
      readonly kind: "array";
      readonly element: BtfTypeId;
      readonly index: BtfTypeId;
      readonly length: number;
    }
  | {
      readonly kind: "struct" | "union";
      readonly name: string;
      readonly sizeBytes: number;
      readonly members: readonly BtfMember[];
    }
  | {
      readonly kind: "enum" | "enum64";
      readonly name: string;
      readonly sizeBytes: number;
      readonly isSigned: boolean;
      readonly values: readonly { readonly name: string; readonly value: bigint }[];
    }
  | { readonly kind: "fwd"; readonly name: string; readonly of: "struct" | "union" }
  | { readonly kind: "typedef"; readonly name: string; readonly to: BtfTypeId }
  | { readonly kind: "volatile" | "const" | "restrict"; readonly to: BtfTypeId }
  | {
      readonly kind: "func";
      readonly name: string;
      readonly prototype: BtfTypeId;
      readonly linkage: BtfLinkage;
    }
  | {
      readonly kind: "func_proto";
      readonly returns: BtfTypeId;
      readonly parameters: readonly { readonly name: string; readonly type: BtfTypeId }[];
      /** The last parameter is "...". */
      readonly isVariadic: boolean;
    }
  | {
      readonly kind: "var";
      readonly name: string;
      readonly type: BtfTypeId;
      readonly linkage: BtfLinkage;
    }
  | {
      readonly kind: "datasec";
      readonly name: string;
      readonly sizeBytes: number;
      readonly variables: readonly {
        readonly type: BtfTypeId;
        readonly offset: number;
        readonly sizeBytes: number;
      }[];
    }
  | { readonly kind: "float"; readonly name: string; readonly sizeBytes: number }
  | {
      readonly kind: "decl_tag";
      readonly name: string;
      readonly type: BtfTypeId;
      /** -1: the whole declaration. */
      readonly componentIndex: number;
      readonly isAttribute?: true;
    }
  | {
      readonly kind: "type_tag";
      readonly name: string;
      readonly to: BtfTypeId;
      /** The name is the whole text of an attribute, as `__attribute__((address_space(1)))` has it (6.15). */
      readonly isAttribute?: true;
    };

export type BtfLinkage = "static" | "global" | "extern";

export interface BtfMember {
  /** "" for a member without a name, whose own members count as the outer one's. */
  readonly name: string;
  readonly type: BtfTypeId;
  /** From the start of the struct. */
  readonly bitOffset: number;
  /** 0: not a bit-field. */
  readonly bitFieldSize: number;
}
