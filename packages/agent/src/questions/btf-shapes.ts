/** What the words of a type of one kind are: "type" another type's id, "name" an offset in the strings, "other" neither. */
export type Word = "type" | "name" | "other";

/** What follows a type's name and info: its third word, some fixed ones, and some for each of its parts. */
export interface TypeShape {
  readonly kind: string;
  readonly third: Word;
  readonly fixed: readonly Word[];
  readonly part: readonly Word[];
}

function shape(
  kind: string,
  third: Word,
  words: { readonly fixed?: readonly Word[]; readonly part?: readonly Word[] } = {},
): TypeShape {
  return { kind, third, fixed: words.fixed ?? [], part: words.part ?? [] };
}

const member = { part: ["name", "type", "other"] } as const;

/** By BTF_KIND_* (include/uapi/linux/btf.h). */
const shapes: readonly (TypeShape | undefined)[] = [
  undefined,
  shape("int", "other", { fixed: ["other"] }),
  shape("ptr", "type"),
  shape("array", "other", { fixed: ["type", "type", "other"] }),
  shape("struct", "other", member),
  shape("union", "other", member),
  shape("enum", "other", { part: ["name", "other"] }),
  shape("fwd", "other"),
  shape("typedef", "type"),
  shape("volatile", "type"),
  shape("const", "type"),
  shape("restrict", "type"),
  shape("func", "type"),
  shape("func_proto", "type", { part: ["name", "type"] }),
  shape("var", "type", { fixed: ["other"] }),
  shape("datasec", "other", { part: ["type", "other", "other"] }),
  shape("float", "other"),
  shape("decl_tag", "type", { fixed: ["other"] }),
  shape("type_tag", "type"),
  shape("enum64", "other", { part: ["name", "other", "other"] }),
];

/** The shape of a type with this info word; undefined for a kind that is not known. */
export function shapeOf(info: number): TypeShape | undefined {
  return shapes[(info >>> 24) & 0x1f];
}

/** Words of struct btf_type itself. */
export const headWords = 3;

/** All words of a type, its head too. */
export function wordsOf(shape: TypeShape, info: number): number {
  return headWords + shape.fixed.length + shape.part.length * (info & 0xffff);
}
