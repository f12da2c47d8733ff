import { type CodeSymbols } from "../elf/code-symbols.js";
import { lastThat } from "./last-that.js";

/** The symbol that an address lies in. */
export interface FoundSymbol {
  readonly name: string;
  readonly offset: number;
}

const noParent = 0xffff_ffff;
/** Of symbols within each other: more are not meant well. */
const deepest = 64;
const underscore = 0x5f;
const decoder = new TextDecoder();

/**
 * Symbols by their address. They may lie within each other: the innermost one counts. One without a size goes as far as the
 * next, or its section, unless it is within another.
 */
export class CodeSymbolTable {
  readonly #starts: Float64Array;
  readonly #ends: Float64Array;
  readonly #names: Uint32Array;
  readonly #strings: Uint8Array;
  /** For each the one that it may lie in, which is before it. */
  readonly #parents: Uint32Array;

  private constructor(columns: Columns) {
    this.#starts = columns.starts;
    this.#ends = columns.ends;
    this.#names = columns.names;
    this.#strings = columns.strings;
    this.#parents = findParents(columns);
  }

  static of(symbols: CodeSymbols): CodeSymbolTable {
    return new CodeSymbolTable(arrange(symbols));
  }

  /** What `encode` made; undefined for anything else. */
  static decode(bytes: Uint8Array): CodeSymbolTable | undefined {
    const columns = decodeColumns(bytes);
    return columns === undefined ? undefined : new CodeSymbolTable(columns);
  }

  get count(): number {
    return this.#starts.length;
  }

  /** Undefined when it lies in none. */
  resolve(address: number): FoundSymbol | undefined {
    const starts = this.#starts;
    let at = lastThat(starts.length, (index) => (starts[index] ?? 0) <= address);
    for (let depth = 0; at !== noParent && depth < deepest; depth++) {
      if (address < (this.#ends[at] ?? 0)) {
        return { name: this.#nameAt(at), offset: address - (this.#starts[at] ?? 0) };
      }
      at = this.#parents[at] ?? noParent;
    }
    return undefined;
  }

  /** As bytes that can be kept: a count, then the columns, of this machine's byte order. */
  encode(): Uint8Array {
    const { count } = this;
    const bytes = new Uint8Array(headerSizeBytes + count * rowSizeBytes + this.#strings.length);
    new DataView(bytes.buffer).setUint32(0, count);
    let at = headerSizeBytes;
    for (const column of [this.#starts, this.#ends, this.#names, this.#strings]) {
      bytes.set(new Uint8Array(column.buffer, column.byteOffset, column.byteLength), at);
      at += column.byteLength;
    }
    return bytes;
  }

  /** A full table's names may end with a version, as "name@VERSION" or "name@@VERSION"; "name@plt" is none. */
  #nameAt(index: number): string {
    const start = this.#names[index] ?? 0;
    const name = decoder.decode(this.#strings.subarray(start, nameEnd(this.#strings, start)));
    const version = name.indexOf("@");
    return version > 0 && !name.endsWith("@plt") ? name.slice(0, version) : name;
  }
}

/** Sorted by start, and where that is the same the longest first. */
interface Columns {
  readonly starts: Float64Array;
  readonly ends: Float64Array;
  readonly names: Uint32Array;
  readonly strings: Uint8Array;
}

const headerSizeBytes = 8;
/** Two doubles, a u32. */
const rowSizeBytes = 20;

function decodeColumns(bytes: Uint8Array): Columns | undefined {
  if (bytes.length < headerSizeBytes) return undefined;
  const count = new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getUint32(0);
  const stringsAt = headerSizeBytes + count * rowSizeBytes;
  if (stringsAt > bytes.length) return undefined;
  // A copy begins where doubles may. Not slice(), which is something else where the bytes are a Buffer.
  const rows = new Uint8Array(bytes.subarray(headerSizeBytes, stringsAt)).buffer;
  return {
    starts: new Float64Array(rows, 0, count),
    ends: new Float64Array(rows, 8 * count, count),
    names: new Uint32Array(rows, 16 * count, count),
    strings: bytes.subarray(stringsAt),
  };
}

function arrange(symbols: CodeSymbols): Columns {
  const { addresses, sizes, limits, names, strings } = symbols;
  const sorted = sortedIndexes(symbols);
  const kept: number[] = [];
  const ends: number[] = [];
  /** Of all that came so far. */
  let furthestEnd = 0;
  for (const [place, index] of sorted.entries()) {
    const start = addresses[index] ?? 0;
    const size = sizes[index] ?? 0;
    const previous = kept.at(-1);
    const isAlias =
      previous !== undefined &&
      addresses[previous] === start &&
      (size === 0 || sizes[previous] === size);
    if (isAlias || (size === 0 && start < furthestEnd)) continue;
    const end =
      size === 0 ? Math.min(nextStart(addresses, sorted, place), limits[index] ?? 0) : start + size;
    kept.push(index);
    ends.push(end);
    if (size > 0) furthestEnd = Math.max(furthestEnd, end);
  }
  return {
    starts: Float64Array.from(kept, (index) => addresses[index] ?? 0),
    ends: Float64Array.from(ends),
    ...gatherNames(
      Uint32Array.from(kept, (index) => names[index] ?? 0),
      strings,
    ),
  };
}

/** By address; then the longest; then the best name. */
function sortedIndexes(symbols: CodeSymbols): Uint32Array {
  const { count, addresses, sizes } = symbols;
  return Uint32Array.from({ length: count }, (_, index) => index).sort((a, b) => {
    const byAddress = (addresses[a] ?? 0) - (addresses[b] ?? 0);
    if (byAddress !== 0) return byAddress;
    const bySize = (sizes[b] ?? 0) - (sizes[a] ?? 0);
    return bySize === 0 ? compareNames(symbols, a, b) : bySize;
  });
}

/** By rank; then with fewer underscores before them (read, __read); then the longest, as perf has it. */
function compareNames({ ranks, names, strings }: CodeSymbols, a: number, b: number): number {
  const byRank = (ranks[b] ?? 0) - (ranks[a] ?? 0);
  if (byRank !== 0) return byRank;
  const [first, second] = [names[a] ?? 0, names[b] ?? 0];
  const byUnderscores = countUnderscores(strings, first) - countUnderscores(strings, second);
  if (byUnderscores !== 0) return byUnderscores;
  return nameEnd(strings, second) - second - (nameEnd(strings, first) - first);
}

function countUnderscores(strings: Uint8Array, start: number): number {
  let at = start;
  while (strings[at] === underscore) at++;
  return at - start;
}

function nextStart(addresses: Float64Array, sorted: Uint32Array, place: number): number {
  const start = addresses[sorted[place] ?? 0] ?? 0;
  for (let next = place + 1; next < sorted.length; next++) {
    const following = addresses[sorted[next] ?? 0] ?? 0;
    if (following > start) return following;
  }
  return Infinity;
}

/** Those names alone, one after the other. */
function gatherNames(
  names: Uint32Array,
  strings: Uint8Array,
): { readonly names: Uint32Array; readonly strings: Uint8Array } {
  const lengths = names.map((start) => nameEnd(strings, start) + 1 - start);
  const gathered = new Uint8Array(lengths.reduce((sum, length) => sum + length, 0));
  let at = 0;
  const places = names.map((start, index) => {
    const place = at;
    const length = lengths[index] ?? 0;
    gathered.set(strings.subarray(start, start + length), place);
    at += length;
    return place;
  });
  return { names: places, strings: gathered };
}

function nameEnd(strings: Uint8Array, start: number): number {
  const end = strings.indexOf(0, start);
  return end === -1 ? strings.length : end;
}

/** For each the nearest one before it that had not ended where it begins: those around an address are all on that way. */
function findParents({ starts, ends }: Columns): Uint32Array {
  const parents = new Uint32Array(starts.length);
  const open: number[] = [];
  for (const [index, start] of starts.entries()) {
    for (let last = open.at(-1); last !== undefined && (ends[last] ?? 0) <= start;) {
      open.pop();
      last = open.at(-1);
    }
    parents[index] = open.at(-1) ?? noParent;
    open.push(index);
  }
  return parents;
}
