import { type TargetDescription } from "../spec/target-description.js";
import { type SourcePlace } from "../symbols/source-lines.js";
import { type TimeZone } from "./strftime.js";

/** What decoders ask of the world beside the bytes; the same for all records and maps of a trace. */
export interface DecodeContext {
  /** Of the target. */
  readonly byteOrder: "little" | "big";
  readonly architecture: TargetDescription["architecture"];
  /** How many values one entry of a per-CPU map has in a dump. */
  readonly possibleCpuCount: number;
  /** Added to a clock's nanoseconds they give nanoseconds since 1970, by the clock that is asked for; they may change. */
  readonly realtimeMinusBoottime: bigint;
  readonly realtimeMinusMonotonic: bigint;
  readonly timeZone: TimeZone;
  /** Nanoseconds since 1970, when a `time()` record is decoded. */
  readonly now: () => bigint;
  readonly resolveKernelSymbol: (address: bigint) => SymbolName | undefined;
  readonly resolveUserSymbol: (address: bigint, pid: number) => SymbolName | undefined;
  /** The stack of this number that is cut to so many frames; undefined when it was not kept. */
  readonly resolveStack: (stack: bigint, limit: number) => KeptStack | undefined;
  /** Where the control group of this number is in hierarchies whose names match a pattern; nowhere when it is not known. */
  readonly resolveControlGroup: (id: bigint, hierarchies: string) => readonly ControlGroupPath[];
  /** The target's name for a user id. */
  readonly resolveUserName: (uid: number) => string | undefined;
}

/** A control group in one of the hierarchies that the target has. */
export interface ControlGroupPath {
  /** "unified" for that of version 2, else the controllers' name. */
  readonly hierarchy: string;
  /** From the hierarchy's root: "/system.slice". */
  readonly path: string;
}

export interface KeptStack {
  /** From the innermost one. */
  readonly frames: readonly bigint[];
  /** 0 for a kernel stack. */
  readonly pid: number;
}

/** The symbol an address lies in, and how far from its start. */
export interface SymbolName {
  readonly name: string;
  readonly offset: bigint;
  /** The program or library, of a user's address. */
  readonly file?: string;
  /** The line of a source file that the code there was made of, where lines are shown. */
  readonly source?: SourcePlace;
}
