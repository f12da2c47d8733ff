import { type ElfFunction } from "../elf/elf-types.js";
import { parseKernelSymbols } from "./kernel-symbols.js";
import { lastThat } from "./last-that.js";

/** The symbols of a kernel at the addresses that it was linked for. */
export interface LinkedSymbols {
  addressOf(name: string): bigint | undefined;
  /** What alone lies at an address; undefined for nothing, and where several names do: of those the kernel has one that it prefers. */
  resolve(address: bigint): { readonly name: string; readonly offset: bigint } | undefined;
}

/** Of the kernel's ELF file. */
export function functionsAsLinked(functions: readonly ElfFunction[]): LinkedSymbols {
  const sorted = [...functions].sort((one, other) => compare(one.address, other.address));
  return {
    addressOf: (name) => functions.find((one) => one.name === name)?.address,
    resolve: (address) => {
      const at = lastThat(sorted.length, (index) => (sorted[index]?.address ?? 0n) <= address);
      const found = sorted[at];
      if (found === undefined || address >= found.address + found.sizeBytes) return undefined;
      if (sorted[at - 1]?.address === found.address) return undefined;
      return { name: found.name, offset: address - found.address };
    },
  };
}

/** Of a System.map, in whose order the kernel has its own table; undefined when the text is none. */
export function parseSystemMap(bytes: Uint8Array): LinkedSymbols | undefined {
  const symbols = parseKernelSymbols(bytes);
  const [start, end] = [symbols.addressOf("_stext"), symbols.addressOf("_etext")];
  if (start === undefined || end === undefined) return undefined;
  return {
    addressOf: (name) => symbols.addressOf(name),
    // Elsewhere it does not tell what has no symbol, and what was freed since.
    resolve: (address) =>
      address < start || address >= end ? undefined : symbols.resolve(address),
  };
}

function compare(a: bigint, b: bigint): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
