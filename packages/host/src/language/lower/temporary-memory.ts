import { type Address, type VirtualRegister } from "../ir.js";
import { type ProgramBuilder } from "./program-builder.js";

/** Stack of a program of a single function: the rest is left to spills and to small things. */
export const wholeStackBudgetBytes = 384;
/** Larger pieces go to the scratch map at once. */
const largeBytes = 256;

/**
 * Whether a program may use the scratch map, of which each CPU has its own.
 *
 * - "own": the program has an element to itself: the kernel lets it run once at a time on a CPU.
 * - "claimed": it can be preempted by another run of itself, and claims one of several elements when it starts. None may
 *   be free: then records are lost, and a program that keeps values there does not run.
 * - "none": the same without the means to claim.
 */
export type ScratchUse = "own" | "claimed" | "none";

/** Bytes at the start of an element that is claimed: not 0 while it is in use. */
const claimBytes = 8;

/** Memory for values that fit in no register, given out and taken back like a stack. */
export class TemporaryMemory {
  readonly #builder: ProgramBuilder;
  readonly use: ScratchUse;
  /** Points to the element of the scratch map; 0 when none could be claimed. */
  readonly scratchBase: VirtualRegister;
  readonly #outer: TemporaryMemory | undefined;
  readonly #stackBudgetBytes: number;
  #scratchUsed: number;
  #scratchPeak = 0;
  #usesBase = false;
  #keepsValues = false;

  /** `outer`: that of the function which calls this one while it uses its own. */
  constructor(
    builder: ProgramBuilder,
    options: {
      readonly use: ScratchUse;
      readonly stackBudgetBytes: number;
      readonly outer?: TemporaryMemory;
    },
  ) {
    const { use, stackBudgetBytes, outer } = options;
    this.#builder = builder;
    this.use = use;
    this.scratchBase = builder.register();
    this.#outer = outer;
    this.#stackBudgetBytes = stackBudgetBytes;
    this.#scratchUsed =
      outer === undefined ? (use === "claimed" ? claimBytes : 0) : outer.#scratchUsed;
  }

  /** Whether something of it is in the scratch map. */
  get usesBase(): boolean {
    return this.#usesBase;
  }

  /** Whether values are in the scratch map: the program is nothing without an element. */
  get keepsValues(): boolean {
    return this.#keepsValues;
  }

  get stackBudgetBytes(): number {
    return this.#stackBudgetBytes;
  }

  /** How much of an element the program uses; 0: it needs none. */
  get scratchBytes(): number {
    return this.#scratchPeak;
  }

  /** Memory that lasts as long as `use` emits. */
  during<Result>(sizeBytes: number, purpose: string, use: (address: Address) => Result): Result {
    if (this.#belongsInScratch(sizeBytes)) return this.#inScratch(sizeBytes, use);
    const slot = this.#builder.allocateSlot(sizeBytes, purpose);
    const result = use({ kind: "slot", slot, offset: 0 });
    this.#builder.releaseSlot(slot);
    return result;
  }

  /** Memory for the whole program. To be asked for before any that is temporary. */
  forGood(sizeBytes: number, purpose: string): Address {
    if (this.#belongsInScratch(sizeBytes)) return this.#takeScratch(sizeBytes);
    return { kind: "slot", slot: this.#builder.allocateSlot(sizeBytes, purpose), offset: 0 };
  }

  /** Memory of the scratch map's that the program keeps for good: where it begins in the element. */
  scratchForGood(sizeBytes: number): number {
    this.#noteValues();
    const offset = this.#scratchUsed;
    this.#takeScratch(sizeBytes);
    return offset;
  }

  /** What begins there in the element. */
  outerScratch(offset: number): Address {
    this.#usesBase = true;
    return { kind: "pointer", base: this.scratchBase, offset };
  }

  /** Memory for a record in the scratch map, which may not be used with "none". Goes to `busy` when none was free. */
  forRecord(sizeBytes: number, busy: string, use: (address: Address) => void): void {
    if (this.use === "claimed") {
      this.#usesBase = true;
      const nothing = { kind: "constant", value: 0n } as const;
      this.#builder.jumpIf("eq", this.scratchBase, nothing, busy);
    }
    this.#inScratch(sizeBytes, use);
  }

  /** Whether it is small enough for the program's own stack. */
  fitsOnStack(sizeBytes: number): boolean {
    return (
      sizeBytes <= largeBytes && this.#builder.stackBytes + sizeBytes <= this.#stackBudgetBytes
    );
  }

  #belongsInScratch(sizeBytes: number): boolean {
    if (this.use === "none" || this.fitsOnStack(sizeBytes)) return false;
    this.#noteValues();
    return true;
  }

  #noteValues(): void {
    this.#keepsValues = true;
    if (this.#outer !== undefined) this.#outer.#noteValues();
  }

  #inScratch<Result>(sizeBytes: number, use: (address: Address) => Result): Result {
    const before = this.#scratchUsed;
    const result = use(this.#takeScratch(sizeBytes));
    this.#scratchUsed = before;
    return result;
  }

  #takeScratch(sizeBytes: number): Address {
    const offset = this.#scratchUsed;
    this.#scratchUsed += Math.ceil(sizeBytes / 8) * 8;
    this.#notePeak(this.#scratchUsed);
    return this.outerScratch(offset);
  }

  #notePeak(bytes: number): void {
    this.#scratchPeak = Math.max(this.#scratchPeak, bytes);
    if (this.#outer !== undefined) this.#outer.#notePeak(bytes);
  }
}
