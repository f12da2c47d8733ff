import { type KeptStack } from "../output/decode-context.js";
import { type MapDump } from "../output/map-dump.js";
import { viewOf } from "../output/record-cursor.js";
import { type MapSpec } from "../spec/map-spec.js";
import { stackMapName } from "../spec/stack-map.js";

/** A stack's number, and how many frames it was cut to. */
export interface StackReference {
  readonly stack: bigint;
  readonly limit: number;
}

/** Where the maps are that stacks are kept in. */
export interface StackMaps {
  lookup(map: string, key: Uint8Array): Promise<Uint8Array | undefined>;
  dump(map: string, options: { readonly clear: boolean }): Promise<MapDump>;
}

/** So many are asked for one by one, side by side; more are worth reading the whole map. */
const mostLookups = 32;

/**
 * The stacks of a running program, read from the target when they are first seen (spec/stack-map.ts). Once read they are
 * known for good, so that they can be taken out of their map to make room.
 */
export class KeptStacks {
  readonly #maps: StackMaps;
  readonly #tables: ReadonlyMap<number, StackTable>;
  readonly #clears: boolean;

  /** `clears`: nobody else will want to read them. */
  constructor(
    maps: StackMaps,
    specs: readonly MapSpec[],
    limits: readonly number[],
    options: { readonly byteOrder: "little" | "big"; readonly clears: boolean },
  ) {
    this.#maps = maps;
    this.#clears = options.clears;
    const isLittleEndian = options.byteOrder === "little";
    this.#tables = new Map(
      limits.map((limit) => {
        const map = stackMapName(limit);
        const spec = specs.find(({ name }) => name === map);
        const isNumberedByKernel = spec?.type === "stack_trace";
        const mostEntries = spec?.maxEntries ?? 0;
        return [
          limit,
          new StackTable({ map, limit, mostEntries, isNumberedByKernel }, isLittleEndian),
        ];
      }),
    );
  }

  /** Reads those that are not known yet; undefined when there are none. Throws RemoteError. */
  prepare(references: readonly StackReference[]): Promise<void> | undefined {
    const reading: Promise<void>[] = [];
    for (const [limit, table] of this.#tables) {
      const unknown = new Set<bigint>();
      for (const reference of references) {
        if (reference.limit === limit && !table.has(reference.stack)) unknown.add(reference.stack);
      }
      if (unknown.size > 0) reading.push(this.#read(table, [...unknown]));
    }
    return reading.length === 0 ? undefined : Promise.all(reading).then(() => undefined);
  }

  /** Undefined for one that was not kept, or has not been prepared. */
  resolve(stack: bigint, limit: number): KeptStack | undefined {
    return this.#tables.get(limit)?.get(stack);
  }

  async #read(table: StackTable, unknown: readonly bigint[]): Promise<void> {
    const { map } = table;
    if (unknown.length > mostLookups && !table.isNumberedByKernel) {
      table.addDump(await this.#maps.dump(map, { clear: this.#clears }));
    } else {
      const lookUp = async (stack: bigint): Promise<void> => {
        table.add(stack, await this.#maps.lookup(map, table.keyOf(stack)));
      };
      await Promise.all(unknown.map(lookUp));
      if (this.#clears && table.isFilling) {
        table.addDump(await this.#maps.dump(map, { clear: true }));
      }
    }
    for (const stack of unknown) if (!table.has(stack)) table.add(stack, undefined);
  }
}

/** The stacks of one map. */
class StackTable {
  readonly map: string;
  readonly isNumberedByKernel: boolean;
  readonly #limit: number;
  readonly #mostEntries: number;
  readonly #isLittleEndian: boolean;
  readonly #stacks = new Map<bigint, KeptStack | undefined>([[0n, undefined]]);
  /** Of those in the map at least so many are known here. */
  #read = 0;

  constructor(
    description: {
      readonly map: string;
      readonly limit: number;
      readonly mostEntries: number;
      readonly isNumberedByKernel: boolean;
    },
    isLittleEndian: boolean,
  ) {
    this.map = description.map;
    this.isNumberedByKernel = description.isNumberedByKernel;
    this.#limit = description.limit;
    this.#mostEntries = description.mostEntries;
    this.#isLittleEndian = isLittleEndian;
  }

  /** Half of the map is taken by stacks that are known here. The kernel's own numbers may be given anew. */
  get isFilling(): boolean {
    return this.#read > this.#mostEntries / 2 && !this.isNumberedByKernel;
  }

  has(stack: bigint): boolean {
    return this.#stacks.has(stack);
  }

  get(stack: bigint): KeptStack | undefined {
    return this.#stacks.get(stack);
  }

  keyOf(stack: bigint): Uint8Array {
    const key = new Uint8Array(this.isNumberedByKernel ? 4 : 8);
    const view = viewOf(key);
    if (this.isNumberedByKernel) {
      view.setUint32(0, Number(BigInt.asUintN(32, stack)) - 1, this.#isLittleEndian);
    } else {
      view.setBigUint64(0, stack, this.#isLittleEndian);
    }
    return key;
  }

  /** `bytes`: as it stands in the map; undefined when it is not there. */
  add(stack: bigint, bytes: Uint8Array | undefined): void {
    if (bytes !== undefined) this.#read += 1;
    this.#stacks.set(stack, bytes === undefined ? undefined : this.#decode(stack, bytes));
  }

  addDump({ count, keys, values }: MapDump): void {
    const view = viewOf(keys);
    const sizeBytes = values.length / Math.max(1, count);
    for (let at = 0; at < count; at++) {
      const stack = view.getBigUint64(8 * at, this.#isLittleEndian);
      if (this.#stacks.get(stack) !== undefined) continue;
      this.#stacks.set(
        stack,
        this.#decode(stack, values.subarray(at * sizeBytes, (at + 1) * sizeBytes)),
      );
    }
    this.#read = 0;
  }

  #decode(stack: bigint, bytes: Uint8Array): KeptStack {
    const view = viewOf(bytes);
    const word = (at: number): bigint =>
      8 * at + 8 > bytes.length ? 0n : view.getBigUint64(8 * at, this.#isLittleEndian);
    // Words of build ids may be zero between others.
    let count = this.#limit;
    while (count > 0 && word(count - 1) === 0n) count -= 1;
    const frames = Array.from({ length: count }, (_, at) => word(at));
    const pid = this.isNumberedByKernel ? stack >> 32n : word(this.#limit);
    return { frames, pid: Number(pid) };
  }
}
