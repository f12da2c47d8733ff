import { type Address, type VirtualRegister } from "../ir.js";
import { type ProgramBuilder } from "./program-builder.js";

/** Stack that is left to spills and to small things when large ones are placed elsewhere. */
const stackBudgetBytes = 384;
/** Larger pieces go to the scratch map at once. */
const largeBytes = 256;

/** Memory for values that fit in no register, given out and taken back like a stack. */
export class TemporaryMemory {
  readonly #builder: ProgramBuilder;
  /** `undefined`: this program may have none (two runs of it would share it). */
  readonly #scratchBase: VirtualRegister | undefined;
  #scratchUsed = 0;
  #scratchPeak = 0;

  constructor(builder: ProgramBuilder, scratch: "allowed" | "none") {
    this.#builder = builder;
    this.#scratchBase = scratch === "allowed" ? builder.register() : undefined;
  }

  /** How much of the scratch map's value the program uses; 0: it needs no pointer to it. */
  get scratchBytes(): number {
    return this.#scratchPeak;
  }

  /** The register that is to point to the scratch map's value. */
  get scratchBase(): VirtualRegister | undefined {
    return this.#scratchBase;
  }

  /** Memory that lasts as long as `use` emits. */
  during<Result>(sizeBytes: number, purpose: string, use: (address: Address) => Result): Result {
    if (this.#scratchBase !== undefined && !this.#fitsOnStack(sizeBytes)) {
      const before = this.#scratchUsed;
      const address = this.#takeScratch(sizeBytes, this.#scratchBase);
      const result = use(address);
      this.#scratchUsed = before;
      return result;
    }
    const slot = this.#builder.allocateSlot(sizeBytes, purpose);
    const result = use({ kind: "slot", slot, offset: 0 });
    this.#builder.releaseSlot(slot);
    return result;
  }

  /** Memory for the whole program. To be asked for before any that is temporary. */
  forGood(sizeBytes: number, purpose: string): Address {
    if (this.#scratchBase !== undefined && !this.#fitsOnStack(sizeBytes)) {
      return this.#takeScratch(sizeBytes, this.#scratchBase);
    }
    return { kind: "slot", slot: this.#builder.allocateSlot(sizeBytes, purpose), offset: 0 };
  }

  /** Memory in the scratch map, which `undefined` says this program may not have. */
  scratchDuring(sizeBytes: number, use: (address: Address) => void): boolean {
    if (this.#scratchBase === undefined) return false;
    const before = this.#scratchUsed;
    use(this.#takeScratch(sizeBytes, this.#scratchBase));
    this.#scratchUsed = before;
    return true;
  }

  #fitsOnStack(sizeBytes: number): boolean {
    return sizeBytes <= largeBytes && this.#builder.stackBytes + sizeBytes <= stackBudgetBytes;
  }

  #takeScratch(sizeBytes: number, base: VirtualRegister): Address {
    const offset = this.#scratchUsed;
    this.#scratchUsed += Math.ceil(sizeBytes / 8) * 8;
    this.#scratchPeak = Math.max(this.#scratchPeak, this.#scratchUsed);
    return { kind: "pointer", base, offset };
  }
}
