import { type Mapping } from "./process-maps.js";

/** Addresses in no mapping that are remembered. */
const mostUnmapped = 65_536;
/** Mappings that are there no more. */
const mostFormer = 1024;

/** What a process has mapped, as far as it was read. */
export class ProcessMemory {
  /** By rising addresses, as they were last read. */
  #mappings: readonly Mapping[] = [];
  /** What was there before, newest first: an exec() replaces everything. */
  #former: readonly Mapping[] = [];
  readonly #unmapped = new Set<bigint>();
  /** So many more addresses must turn out to be in no mapping before it is worth reading again. */
  #patience = 0;

  find(address: bigint): Mapping | undefined {
    return (
      findMapping(this.#mappings, address) ??
      this.#former.find(({ start, end }) => address >= start && address < end)
    );
  }

  /**
   * Whether to read again for an address that is in no mapping: the process may have loaded a library since. But such
   * addresses may be wrong, too, since code that keeps no frame pointers makes stacks lead anywhere: the more of them there
   * were, the more have to come.
   */
  isWorthReading(address: bigint): boolean {
    if (this.#unmapped.has(address)) return false;
    if (this.#patience === 0) return true;
    this.#patience--;
    this.#remember(address);
    return false;
  }

  /** `mappings`: undefined when there is nothing to read any more; `unmapped`: the addresses for which they were read. */
  update(mappings: readonly Mapping[] | undefined, unmapped: readonly bigint[]): void {
    if (mappings !== undefined && mappings.length > 0) {
      this.#former = [...this.#mappings, ...this.#former]
        .filter((former) => !mappings.some((mapping) => doOverlap(mapping, former)))
        .slice(0, mostFormer);
      this.#mappings = mappings;
    }
    for (const address of unmapped) {
      if (this.find(address) === undefined) this.#remember(address);
    }
    this.#patience = this.#unmapped.size;
  }

  #remember(address: bigint): void {
    if (this.#unmapped.size >= mostUnmapped) this.#unmapped.clear();
    this.#unmapped.add(address);
  }
}

function doOverlap(one: Mapping, other: Mapping): boolean {
  return one.start < other.end && other.start < one.end;
}

function findMapping(mappings: readonly Mapping[], address: bigint): Mapping | undefined {
  let low = 0;
  let high = mappings.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((mappings[middle]?.start ?? 0n) <= address) low = middle + 1;
    else high = middle;
  }
  const found = mappings[low - 1];
  return found !== undefined && address < found.end ? found : undefined;
}
