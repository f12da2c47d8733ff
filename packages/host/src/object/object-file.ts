import { type Btf } from "../btf/btf.js";
import { type ExtInfo } from "../btf/ext-info.js";
import { type BtfTypeId } from "../btf/types.js";
import { type DataSection } from "./data-sections.js";
import { type ObjectExtern } from "./externs.js";
import { type MapDefinition } from "./map-definition.js";

/** An object of BPF code as its compiler made it: the same for every target. */
export interface ObjectFile {
  /** The file's name, without folder and ending. */
  readonly name: string;
  readonly byteOrder: "little" | "big";
  readonly license: string;
  /** Its own; undefined for one that was compiled without. */
  readonly types: Btf | undefined;
  readonly info: ExtInfo | undefined;
  readonly functions: readonly ObjectFunction[];
  readonly maps: readonly ObjectMap[];
  /** All sections of variables that its types know, by name. */
  readonly dataSections: ReadonlyMap<string, DataSection>;
  readonly externs: readonly ObjectExtern[];
}

/** A function with code: a program, or one that programs call. */
export interface ObjectFunction {
  readonly name: string;
  /** As the file has it. */
  readonly section: string;
  readonly sectionIndex: number;
  /** Of its first instruction in the section, in slots of 8 bytes. */
  readonly start: number;
  /** As the compiler wrote it, in the object's byte order. */
  readonly code: Uint8Array;
  /** The kernel can attach it to something; others are called by these. */
  readonly isProgram: boolean;
  /** The verifier must not take it as a function of its own, although others see it. */
  readonly isHidden: boolean;
  /** What instructions refer to, by their slot in the function. */
  readonly references: ReadonlyMap<number, CodeReference>;
}

/** What an instruction refers to outside its function. */
export type CodeReference =
  | { readonly kind: "map"; readonly map: string }
  /** A place in global data. */
  | { readonly kind: "data"; readonly map: string; readonly offset: number }
  /** A call, or the address, of a function that is at the offset in a section, or so far from it as the instruction says. */
  | {
      readonly kind: "call" | "functionAddress";
      readonly sectionIndex: number;
      /** In bytes. */
      readonly offset: number;
    }
  | { readonly kind: "extern"; readonly name: string };

export type ObjectMap = DeclaredMap | DataMap;

/** A map of .maps. */
export interface DeclaredMap {
  readonly kind: "declared";
  readonly name: string;
  readonly definition: MapDefinition;
  /** What it holds from the start: maps or programs, by index. */
  readonly slots: ReadonlyMap<number, string>;
}

/** Global variables: a section, which becomes the only value of an array. */
export interface DataMap {
  readonly kind: "data";
  /** The section's. */
  readonly name: string;
  readonly isReadOnly: boolean;
  readonly sizeBytes: number;
  /** What the variables hold; undefined: zeros. */
  readonly contents: Uint8Array | undefined;
  readonly variables: readonly ObjectVariable[];
  /** The section's in the object's types. */
  readonly type: BtfTypeId | undefined;
}

export interface ObjectVariable {
  readonly name: string;
  readonly type: BtfTypeId;
  readonly offset: number;
  readonly sizeBytes: number;
  /** Seen by its own file alone. */
  readonly isStatic: boolean;
}
