/** The kernel's symbols, as /proc/kallsyms or a System.map lists them. */
export interface KernelSymbols {
  /** Symbols that addresses are resolved to: all but data. */
  readonly count: number;
  /** All addresses are zero: the reader lacked the privilege to see them (kernel.kptr_restrict). */
  readonly isHidden: boolean;
  /** The symbol that an address lies in; undefined when none is near. */
  resolve(address: bigint): KernelSymbol | undefined;
  /** The address of the first symbol of a name, data too. */
  addressOf(name: string): bigint | undefined;
}

export interface KernelSymbol {
  readonly name: string;
  readonly offset: bigint;
  /** "nf_tables"; undefined for the kernel itself. */
  readonly module: string | undefined;
}

const newline = 0x0a;
const tab = 0x09;
const space = 0x20;
/** Types of data symbols: b B d D r R, and a A, whose addresses are not addresses. */
const skippedTypes = new Set(Array.from("aAbBdDrR", (type) => type.charCodeAt(0)));

/** No function is longer: an address further from its symbol lies in none. */
const longestFunctionSizeBytes = 1 << 20;
/** Addresses are kept as doubles, relative to the upper half of the kernel's: exact while the halves are this near. */
const furthestUpperHalf = 1 << 20;
const two32 = 0x1_0000_0000;

const decoder = new TextDecoder();

/** Parses the table. Lines that are not symbols are passed over. The bytes are kept: names are read when asked for. */
export function parseKernelSymbols(bytes: Uint8Array): KernelSymbols {
  return new SymbolTable(bytes);
}

class SymbolTable implements KernelSymbols {
  readonly count: number;
  readonly isHidden: boolean;
  readonly #bytes: Uint8Array;
  readonly #upperHalf: number;
  /** By rising address: the address, and where the name begins. */
  readonly #addresses: Float64Array;
  readonly #names: Uint32Array;

  constructor(bytes: Uint8Array) {
    const lines = scanLines(bytes);
    this.#bytes = bytes;
    this.isHidden = lines.count > 0 && !lines.hasAddress;
    this.#upperHalf = lines.high[lines.count >>> 1] ?? 0;
    const { addresses, names } = sortSymbols(lines, this.#upperHalf);
    this.#addresses = addresses;
    this.#names = names;
    this.count = this.isHidden ? 0 : names.length;
  }

  resolve(address: bigint): KernelSymbol | undefined {
    const relative = this.#relative(address);
    if (relative === undefined || this.count === 0) return undefined;
    const at = this.#lastAtOrBelow(relative);
    if (at < 0) return undefined;
    const offset = relative - (this.#addresses[at] ?? 0);
    if (offset >= longestFunctionSizeBytes) return undefined;
    const start = this.#names[at] ?? 0;
    return {
      name: this.#nameAt(start),
      offset: BigInt(offset),
      module: this.#moduleAt(start),
    };
  }

  addressOf(name: string): bigint | undefined {
    if (this.isHidden || name === "") return undefined;
    const wanted = new TextEncoder().encode(name);
    const bytes = this.#bytes;
    for (let start = 0; start < bytes.length;) {
      const end = lineEnd(bytes, start);
      const line = readLine(bytes, start, end);
      if (line !== undefined && isNamed(bytes, line.name, wanted)) {
        return (BigInt(line.high) << 32n) | BigInt(line.low);
      }
      start = end + 1;
    }
    return undefined;
  }

  #relative(address: bigint): number | undefined {
    const high = Number(BigInt.asUintN(64, address) >> 32n) - this.#upperHalf;
    if (Math.abs(high) >= furthestUpperHalf) return undefined;
    return high * two32 + Number(BigInt.asUintN(32, address));
  }

  /** Of several at one address the first listed, as the kernel itself does; -1 when all are above. */
  #lastAtOrBelow(relative: number): number {
    const addresses = this.#addresses;
    let low = 0;
    let high = addresses.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((addresses[middle] ?? 0) <= relative) low = middle + 1;
      else high = middle;
    }
    let at = low - 1;
    while (at > 0 && addresses[at - 1] === addresses[at]) at--;
    return at;
  }

  #nameAt(start: number): string {
    return decoder.decode(this.#bytes.subarray(start, nameEnd(this.#bytes, start)));
  }

  /** After the name: a tab and "[module]". */
  #moduleAt(start: number): string | undefined {
    const end = lineEnd(this.#bytes, start);
    const module = decoder.decode(this.#bytes.subarray(nameEnd(this.#bytes, start), end)).trim();
    return module.startsWith("[") && module.endsWith("]") ? module.slice(1, -1) : undefined;
  }
}

/** What the lines say, in the order of the file. */
interface Lines {
  readonly count: number;
  readonly hasAddress: boolean;
  readonly high: Uint32Array;
  readonly low: Uint32Array;
  readonly names: Uint32Array;
}

function scanLines(bytes: Uint8Array): Lines {
  const capacity = countLines(bytes);
  const high = new Uint32Array(capacity);
  const low = new Uint32Array(capacity);
  const names = new Uint32Array(capacity);
  let count = 0;
  let hasAddress = false;
  for (let at = 0; at < bytes.length;) {
    let upper = 0;
    let lower = 0;
    let digit = hexadecimalDigit(bytes[at]);
    const start = at;
    for (; digit >= 0; digit = hexadecimalDigit(bytes[++at])) {
      upper = (upper << 4) | (lower >>> 28);
      lower = (lower << 4) | digit;
    }
    // ADDRESS TYPE NAME
    const isSymbol = at > start && bytes[at] === space && bytes[at + 2] === space;
    if (isSymbol && !skippedTypes.has(bytes[at + 1] ?? 0)) {
      high[count] = upper;
      low[count] = lower;
      names[count] = at + 3;
      hasAddress ||= upper !== 0 || lower !== 0;
      count++;
    }
    while (at < bytes.length && bytes[at] !== newline) at++;
    at++;
  }
  return { count, hasAddress, high, low, names };
}

function countLines(bytes: Uint8Array): number {
  let count = 1;
  for (let at = bytes.indexOf(newline); at !== -1; at = bytes.indexOf(newline, at + 1)) count++;
  return count;
}

function sortSymbols(
  lines: Lines,
  upperHalf: number,
): { readonly addresses: Float64Array; readonly names: Uint32Array } {
  const listed = new Float64Array(lines.count);
  let kept = 0;
  let isSorted = true;
  const names = new Uint32Array(lines.count);
  for (let at = 0; at < lines.count; at++) {
    const high = (lines.high[at] ?? 0) - upperHalf;
    if (Math.abs(high) >= furthestUpperHalf) continue;
    const address = high * two32 + (lines.low[at] ?? 0);
    if (kept > 0 && address < (listed[kept - 1] ?? 0)) isSorted = false;
    listed[kept] = address;
    names[kept++] = lines.names[at] ?? 0;
  }
  if (isSorted) return { addresses: listed.slice(0, kept), names: names.slice(0, kept) };
  // Arrays are sorted by their runs, of which a symbol table has few: the kernel, then each module.
  const order = Array.from({ length: kept }, (_, at) => at).sort(
    (a, b) => (listed[a] ?? 0) - (listed[b] ?? 0),
  );
  return {
    addresses: Float64Array.from(order, (at) => listed[at] ?? 0),
    names: Uint32Array.from(order, (at) => names[at] ?? 0),
  };
}

function hexadecimalDigit(byte: number | undefined): number {
  if (byte === undefined) return -1;
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  if (byte >= 0x61 && byte <= 0x66) return byte - 0x57;
  return byte >= 0x41 && byte <= 0x46 ? byte - 0x37 : -1;
}

function lineEnd(bytes: Uint8Array, start: number): number {
  const end = bytes.indexOf(newline, start);
  return end === -1 ? bytes.length : end;
}

function nameEnd(bytes: Uint8Array, start: number): number {
  let end = start;
  while (end < bytes.length && bytes[end] !== newline && bytes[end] !== tab) end++;
  return end;
}

function readLine(
  bytes: Uint8Array,
  start: number,
  end: number,
): { readonly high: number; readonly low: number; readonly name: number } | undefined {
  const addressEnd = bytes.indexOf(space, start);
  if (addressEnd === -1 || addressEnd >= end || bytes[addressEnd + 2] !== space) return undefined;
  const digits = decoder.decode(bytes.subarray(start, addressEnd));
  if (!/^[0-9a-f]{1,16}$/i.test(digits)) return undefined;
  const padded = digits.padStart(16, "0");
  return {
    high: Number.parseInt(padded.slice(0, 8), 16),
    low: Number.parseInt(padded.slice(8), 16),
    name: addressEnd + 3,
  };
}

function isNamed(bytes: Uint8Array, start: number, name: Uint8Array): boolean {
  for (let at = 0; at < name.length; at++) {
    if (bytes[start + at] !== name[at]) return false;
  }
  return nameEnd(bytes, start) === start + name.length;
}
