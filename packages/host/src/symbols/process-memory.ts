import { type JitMap } from "./jit-map.js";
import { type Mapping } from "./process-maps.js";
import { lastThat } from "./last-that.js";

/** Addresses in no mapping that are remembered. */
const mostUnmapped = 65_536;
/** Mappings that are there no more. */
const mostFormer = 1024;

/** What a process has mapped, as far as it was read or recorded. */
export class ProcessMemory {
  /** By rising addresses, none over another. */
  #mappings: readonly Mapping[] = [];
  /** What was there before, newest first: an exec() replaces everything. */
  #former: readonly Mapping[] = [];
  /** When those that were recorded were made. */
  readonly #times = new WeakMap<Mapping, bigint>();
  readonly #unmapped = new Set<bigint>();
  /** So many more addresses must turn out to be in no mapping before it is worth reading again. */
  #patience = 0;
  /** Who made it: it has what that had mapped then. */
  parent: number | undefined;
  /** What it has compiled itself. */
  jitMap: JitMap | undefined;
  /** There is nothing to read of it any more. */
  hasEnded = false;

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
      this.#retire(
        this.#mappings.filter((former) => !mappings.some((mapping) => doOverlap(mapping, former))),
      );
      this.#mappings = mappings;
    }
    for (const address of unmapped) {
      if (this.find(address) === undefined) this.#remember(address);
    }
    this.#patience = this.#unmapped.size;
  }

  /** One that was recorded: what was there before is there no more. */
  add(mapping: Mapping, time: bigint): void {
    this.#times.set(mapping, time);
    const overlapped = this.#mappings.filter((one) => doOverlap(one, mapping));
    const others = this.#mappings.filter((one) => !overlapped.includes(one));
    this.#retire(overlapped);
    const at = others.findIndex(({ start }) => start > mapping.start);
    const place = at === -1 ? others.length : at;
    this.#mappings = [...others.slice(0, place), mapping, ...others.slice(place)];
    this.#forget();
  }

  /** Another program runs from then on. Records of several CPUs may come in another order than they were made in. */
  startOver(time: bigint): void {
    const isNewer = (mapping: Mapping): boolean => (this.#times.get(mapping) ?? 0n) > time;
    this.#retire(this.#mappings.filter((mapping) => !isNewer(mapping)));
    this.#mappings = this.#mappings.filter(isNewer);
    this.hasEnded = false;
    this.parent = undefined;
    this.#forget();
  }

  /** Made by another process, whose memory it has a copy of. */
  inherit(pid: number, parent: ProcessMemory | undefined): void {
    this.parent = pid;
    if (parent === undefined) return;
    this.#former = [...this.#former, ...parent.#mappings].slice(0, mostFormer);
    this.#forget();
  }

  /** There is nothing to be known of these. */
  giveUp(addresses: readonly bigint[]): void {
    for (const address of addresses) this.#remember(address);
    this.#patience = this.#unmapped.size;
  }

  #retire(mappings: readonly Mapping[]): void {
    if (mappings.length === 0) return;
    this.#former = [...mappings, ...this.#former].slice(0, mostFormer);
  }

  /** What was in no mapping may be now. */
  #forget(): void {
    this.#unmapped.clear();
    this.#patience = 0;
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
  const at = lastThat(mappings.length, (index) => (mappings[index]?.start ?? 0n) <= address);
  const found = mappings[at];
  return found !== undefined && address < found.end ? found : undefined;
}
