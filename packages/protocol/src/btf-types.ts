import * as z from "zod/mini";
import { bytes, text, u32 } from "./primitives.js";

/** BTF_KIND_* (include/uapi/linux/btf.h), in lower case. */
const btfKind = z.enum([
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
]);

/** Within KSYM_NAME_LEN (include/linux/kallsyms.h), as the kernel has it. */
const btfName = text(511).check(z.minLength(1));

/** A type by its id in the kernel's BTF, or the first of its kind and name there. */
const btfTypeReference = z.union([
  z.strictObject({ id: u32 }),
  z.strictObject({ kind: btfKind, name: btfName }),
]);

/** What can be asked of the kernel's types. */
export const btfQuestion = z.discriminatedUnion("kind", [
  /** Its id alone. */
  z.strictObject({ kind: z.literal("find"), type: btfTypeReference }),
  /** All of it, and of the types that it is made of as much as is needed to name and to measure it. */
  z.strictObject({ kind: z.literal("type"), type: btfTypeReference }),
  /** One member of a struct or union, also within those members that have no name. */
  z.strictObject({ kind: z.literal("member"), type: btfTypeReference, name: btfName }),
]);

export type BtfQuestion = z.infer<typeof btfQuestion>;

export const btfAnswer = z.object({
  /** 0: there is no such type. */
  id: u32,
  /** To a question for a member that is there. `bitFieldSize` is 0 for what BTF does not mark as a bit-field. */
  member: z.optional(z.object({ type: u32, bitOffset: u32, bitFieldSize: u32 })),
});

export type BtfAnswer = z.infer<typeof btfAnswer>;

export const btfTypesParams = z.strictObject({
  questions: z.array(btfQuestion).check(z.maxLength(64)),
});

export const btfTypesResult = z.object({
  /** In the order of the questions. */
  answers: z.array(btfAnswer),
  /** BTF of its own, in the target's byte order: the types that the answers need, numbered from 1. */
  types: bytes(1_048_576),
  /** The id in the kernel's BTF of each of these types. */
  ids: z.array(u32),
  /** So many of them are whole; of those after them name, kind and size are true, and their parts are left out. */
  wholeCount: u32,
});
