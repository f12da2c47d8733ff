import { type BtfKind, type BtfTypeId } from "./types.js";

/** A type by its id, or the first of its kind and name. */
export type BtfTypeReference =
  { readonly id: BtfTypeId } | { readonly kind: Exclude<BtfKind, "void">; readonly name: string };

/** What can be asked of types that are far away. */
export type BtfQuestion =
  /** Its id alone. */
  | { readonly kind: "find"; readonly type: BtfTypeReference }
  /** All of it, and of what it is made of as much as is needed to name and to measure it. */
  | { readonly kind: "type"; readonly type: BtfTypeReference }
  /** One member of a struct or union, also within members that have no name. */
  | { readonly kind: "member"; readonly type: BtfTypeReference; readonly name: string };

/** What came back. */
export interface BtfAnswers {
  /** In the order of the questions; id 0 for a type that is not there. */
  readonly answers: readonly {
    readonly id: BtfTypeId;
    readonly member?:
      | { readonly type: BtfTypeId; readonly bitOffset: number; readonly bitFieldSize: number }
      | undefined;
  }[];
  /** BTF of its own, with types that are numbered from 1. */
  readonly types: Uint8Array;
  /** Of each of these types, where the questions were asked. */
  readonly ids: readonly BtfTypeId[];
  /** So many of them are whole; the others are without their parts. */
  readonly wholeCount: number;
}
