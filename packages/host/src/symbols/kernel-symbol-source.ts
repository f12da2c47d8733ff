import { type KernelSymbol, type KernelSymbols } from "./kernel-symbols.js";

/** The symbols of a target's kernel, whether all are at hand or each has to be asked for. */
export interface KernelSymbolSource {
  /** Where they have to be asked for: finds out about addresses. Undefined when there is nothing to wait for. */
  prepare?(addresses: readonly bigint[]): Promise<void> | undefined;
  /** The symbol that an address lies in; undefined when none is near, or when it has not been prepared. */
  resolve(address: bigint): KernelSymbol | undefined;
  /** The address of the first symbol of each name, data too. */
  addressesOf(names: readonly string[]): Promise<readonly (bigint | undefined)[]>;
}

/** A whole table as a source. */
export function symbolsAtHand(symbols: KernelSymbols): KernelSymbolSource {
  return {
    resolve: (address) => symbols.resolve(address),
    addressesOf: (names) => Promise.resolve(names.map((name) => symbols.addressOf(name))),
  };
}
