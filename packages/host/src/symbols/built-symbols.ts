import { type ElfFunction } from "../elf/elf-types.js";
import { type KernelSymbolSource } from "./kernel-symbol-source.js";
import { type KernelSymbol } from "./kernel-symbols.js";

/** A function that every kernel has once, and never frees. */
const anchor = "schedule";

/**
 * The symbols of a kernel as it was linked, moved to where it runs (KASLR). Of the target's own are asked those that it does not
 * have: modules, and what more than one function or none lies at.
 */
export class BuiltSymbols implements KernelSymbolSource {
  readonly #functions: readonly ElfFunction[];
  readonly #slide: bigint;
  readonly #others: KernelSymbolSource;

  private constructor(
    functions: readonly ElfFunction[],
    slide: bigint,
    others: KernelSymbolSource,
  ) {
    this.#functions = functions;
    this.#slide = slide;
    this.#others = others;
  }

  /** The others alone when they do not tell where the kernel runs. */
  static async open(
    functions: readonly ElfFunction[],
    others: KernelSymbolSource,
  ): Promise<KernelSymbolSource> {
    const linked = functions.find(({ name }) => name === anchor)?.address;
    const [running] = linked === undefined ? [] : await others.addressesOf([anchor]);
    if (linked === undefined || running === undefined) return others;
    const sorted = [...functions].sort((a, b) => compare(a.address, b.address));
    return new BuiltSymbols(sorted, running - linked, others);
  }

  prepare(addresses: readonly bigint[]): Promise<void> | undefined {
    const unknown = addresses.filter((address) => this.#find(address) === undefined);
    return unknown.length === 0 ? undefined : this.#others.prepare?.(unknown);
  }

  resolve(address: bigint): KernelSymbol | undefined {
    return this.#find(address) ?? this.#others.resolve(address);
  }

  async addressesOf(names: readonly string[]): Promise<readonly (bigint | undefined)[]> {
    return await this.#others.addressesOf(names);
  }

  #find(address: bigint): KernelSymbol | undefined {
    const linked = address - this.#slide;
    const functions = this.#functions;
    let low = 0;
    let high = functions.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((functions[middle]?.address ?? 0n) <= linked) low = middle + 1;
      else high = middle;
    }
    const found = functions[low - 1];
    if (found === undefined || linked >= found.address + found.sizeBytes) return undefined;
    // Of several names the kernel has one that it prefers.
    if (functions[low - 2]?.address === found.address) return undefined;
    return { name: found.name, offset: linked - found.address, module: undefined };
  }
}

function compare(a: bigint, b: bigint): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
