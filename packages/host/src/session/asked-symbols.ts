import { type HostPeer } from "@sonde/protocol";
import { type KernelSymbolSource } from "../symbols/kernel-symbol-source.js";
import { type KernelSymbol } from "../symbols/kernel-symbols.js";

/** As many as one request may ask for. */
const addressLimit = 1024;
const nameLimit = 256;

/** The target's kernel symbols, of which the agent is asked for those that are needed. Throws RemoteError. */
export class AskedSymbols implements KernelSymbolSource {
  readonly #peer: HostPeer;
  readonly #traffic: { bytes: number };
  readonly #onHidden: () => void;
  readonly #known = new Map<bigint, KernelSymbol | undefined>();
  #isHidden = false;

  /** `traffic`: where the bytes of answers are counted; `onHidden` is called once, when the target does not show them. */
  constructor(
    peer: HostPeer,
    traffic: { bytes: number } = { bytes: 0 },
    onHidden: () => void = () => undefined,
  ) {
    this.#peer = peer;
    this.#traffic = traffic;
    this.#onHidden = onHidden;
  }

  prepare(addresses: readonly bigint[]): Promise<void> | undefined {
    const unknown = [...new Set(addresses)].filter((address) => !this.#known.has(address));
    return unknown.length === 0 ? undefined : this.#ask(unknown);
  }

  resolve(address: bigint): KernelSymbol | undefined {
    return this.#known.get(address);
  }

  async addressesOf(names: readonly string[]): Promise<readonly (bigint | undefined)[]> {
    const found: (bigint | undefined)[] = [];
    for (let at = 0; at < names.length; at += nameLimit) {
      const { addresses } = await this.#peer.call("symbols.kernel", {
        addresses: [],
        names: names.slice(at, at + nameLimit),
      });
      found.push(...addresses.map((address) => (address === 0n ? undefined : address)));
    }
    return found;
  }

  async #ask(unknown: readonly bigint[]): Promise<void> {
    for (let at = 0; at < unknown.length; at += addressLimit) {
      const addresses = unknown.slice(at, at + addressLimit);
      const params = { addresses, names: [] };
      const { symbols, isHidden } = await this.#peer.call("symbols.kernel", params);
      if (isHidden && !this.#isHidden) this.#onHidden();
      this.#isHidden = isHidden;
      for (const symbol of symbols) {
        this.#traffic.bytes += (symbol?.name.length ?? 0) + (symbol?.module.length ?? 0) + 4;
      }
      for (const [index, address] of addresses.entries()) {
        this.#known.set(address, asKernelSymbol(symbols[index]));
      }
    }
  }
}

function asKernelSymbol(
  symbol:
    { readonly name: string; readonly offset: bigint; readonly module: string } | null | undefined,
): KernelSymbol | undefined {
  if (symbol === null || symbol === undefined) return undefined;
  const { name, offset, module } = symbol;
  return { name, offset, module: module === "" ? undefined : module };
}
