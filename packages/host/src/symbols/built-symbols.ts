import { type KernelSymbolSource } from "./kernel-symbol-source.js";
import { type KernelSymbol } from "./kernel-symbols.js";
import { type LinkedSymbols } from "./linked-symbols.js";

/** What every kernel has once, and never frees: a file that has them elsewhere to each other is of another kernel. */
const anchors = ["schedule", "_stext", "vfs_read", "_etext"];

/**
 * The symbols of a kernel as it was linked, moved to where it runs (KASLR). Of the target's own are asked those that it does not
 * have: modules, and what more than one function or none lies at.
 */
export class BuiltSymbols implements KernelSymbolSource {
  readonly #linked: LinkedSymbols;
  readonly #slide: bigint;
  readonly #others: KernelSymbolSource;

  private constructor(linked: LinkedSymbols, slide: bigint, others: KernelSymbolSource) {
    this.#linked = linked;
    this.#slide = slide;
    this.#others = others;
  }

  /** Or why they are of no use: the others do not tell where the kernel runs, or they are of another kernel. */
  static async open(
    linked: LinkedSymbols,
    others: KernelSymbolSource,
  ): Promise<BuiltSymbols | "unplaced" | "other kernel"> {
    const known = anchors.filter((name) => linked.addressOf(name) !== undefined);
    const running = known.length === 0 ? [] : await others.addressesOf(known);
    const slides = known.flatMap((name, at) => {
      const [here, there] = [running[at], linked.addressOf(name)];
      return here === undefined || there === undefined ? [] : [here - there];
    });
    const [slide] = slides;
    if (slide === undefined) return "unplaced";
    if (slides.some((one) => one !== slide)) return "other kernel";
    return new BuiltSymbols(linked, slide, others);
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
    const found = this.#linked.resolve(address - this.#slide);
    return found && { name: found.name, offset: found.offset, module: undefined };
  }
}
