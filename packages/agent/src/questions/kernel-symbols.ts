import { decodeUtf8, type Params, type Result } from "@sonde/protocol";
import { openFile } from "../kernel/files.js";
import { type Kernel } from "../kernel/kernel.js";
import { encodeCString } from "../kernel/text.js";
import { hasBytesAt } from "./bytes-at.js";
import { type LineVisitor, readLines } from "./line-reader.js";

const path = "/proc/kallsyms";

const tab = 0x09;
const newline = 0x0a;
const space = 0x20;
const closingBracket = 0x5d;
/** Types of symbols that no address lies in: data (b B d D r R) and absolute ones (a A). */
const skippedTypes: ReadonlySet<number> = new Set(
  Array.from("aAbBdDrR", (type) => type.charCodeAt(0)),
);
/** No function is longer: an address further from its symbol lies in none. */
const longestFunctionSizeBytes = 1n << 20n;

type Answer = Result<"symbols.kernel">;

/**
 * Answers questions about the kernel's symbols, of which one piece is in memory at a time. `pause` lets others have a
 * turn. Throws SyscallError.
 */
export async function answerKernelSymbols(
  kernel: Kernel,
  { addresses, names }: Params<"symbols.kernel">,
  pause: () => Promise<void>,
): Promise<Answer> {
  using file = openFile(kernel, path);
  const search = new SymbolSearch(addresses, names);
  await readLines(kernel, { path, fd: file }, search, pause);
  return search.answer();
}

/** What a line begins with. */
interface Line {
  readonly high: number;
  readonly low: number;
  readonly type: number;
  readonly nameAt: number;
}

/** The nearest symbol at or below an address, so far. */
interface Candidate {
  /** Halves of its address; 0 for none yet. */
  high: number;
  low: number;
  /** Where its name begins in the piece that is being read; -1 when it has been copied. */
  nameAt: number;
  nameEnd: number;
  /** The name, and the module behind it. */
  name: string;
}

/**
 * Compares every line of the table with what is asked, without making a string or a bigint of it: there are 200,000 lines,
 * and boards take microseconds for each step.
 */
class SymbolSearch implements LineVisitor {
  readonly #addresses: readonly bigint[];
  /** The different addresses that are asked for, rising, in halves. */
  readonly #sorted: readonly bigint[];
  readonly #high: Uint32Array;
  readonly #low: Uint32Array;
  readonly #candidates: readonly Candidate[];
  readonly #names: readonly Uint8Array[];
  /** Where names of a length are among those that are asked for. */
  readonly #placesByLength = new Map<number, number[]>();
  readonly #found: bigint[];
  #foundCount = 0;
  /** Of the address that was found last. */
  #place = 0;
  #piece: Uint8Array = new Uint8Array(0);
  #view = new DataView(this.#piece.buffer);
  #hasAddress = false;

  constructor(addresses: readonly bigint[], names: readonly string[]) {
    this.#addresses = addresses;
    this.#sorted = [...new Set(addresses)].sort((a, b) => (a < b ? -1 : 1));
    this.#high = Uint32Array.from(this.#sorted, (address) => Number(address >> 32n));
    this.#low = Uint32Array.from(this.#sorted, (address) => Number(address & 0xffff_ffffn));
    this.#candidates = this.#sorted.map(() => {
      return { high: 0, low: 0, nameAt: -1, nameEnd: -1, name: "" };
    });
    this.#names = names.map((name) => encodeCString(name).subarray(0, -1));
    for (const [place, { length }] of this.#names.entries()) {
      const others = this.#placesByLength.get(length);
      if (others === undefined) this.#placesByLength.set(length, [place]);
      else others.push(place);
    }
    this.#found = names.map(() => 0n);
  }

  /** Nothing that follows would change the answer. */
  get isDone(): boolean {
    return this.#addresses.length === 0 && this.#foundCount === this.#names.length;
  }

  /**
   * The kernel's own symbols rise (it searches them by halves itself); those of modules, which need not, have brackets. So where no address that is asked for lies between the first and the last line only what is next below the
   * addresses that follow counts.
   */
  skips(bytes: Uint8Array, end: number): boolean {
    if (this.#names.length > 0 || bytes.includes(closingBracket)) return false;
    this.#take(bytes);
    const first = this.#lineAt(0);
    const last = this.#lineAt(startOfLine(bytes, end));
    if (first === undefined || last === undefined) return false;
    if (isBelow(last.high, last.low, first.high, first.low)) return false;
    if (this.#search(first.high, first.low) !== this.#search(last.high, last.low)) return false;
    if (last.high !== 0 || last.low !== 0) this.#hasAddress = true;
    let found: (Line & { readonly nameEnd: number }) | undefined;
    for (let lineEnd = end; lineEnd > 0; lineEnd = startOfLine(bytes, lineEnd)) {
      const line = this.#lineAt(startOfLine(bytes, lineEnd));
      if (line === undefined || skippedTypes.has(line.type)) continue;
      if (found !== undefined && (line.high !== found.high || line.low !== found.low)) break;
      found = { ...line, nameEnd: lineEnd - 1 };
    }
    if (found !== undefined) this.#offer(found.high, found.low, found.nameAt, found.nameEnd);
    return true;
  }

  /** ADDRESS TYPE NAME, and for a module's a tab and [MODULE]; the address has all its digits (%px). */
  onLine(bytes: Uint8Array, start: number, end: number): void {
    const digits = bytes[start + 16] === space ? 16 : 8;
    const nameAt = start + digits + 3;
    if (bytes[nameAt - 3] !== space || bytes[nameAt - 1] !== space || nameAt >= end) return;
    this.#take(bytes);
    if (this.#sorted.length > 0 || !this.#hasAddress) {
      const high = digits === 16 ? readWord(this.#view, start) : 0;
      const low = readWord(this.#view, nameAt - 11);
      if (high !== 0 || low !== 0) this.#hasAddress = true;
      if (!skippedTypes.has(bytes[nameAt - 2] ?? 0)) this.#offer(high, low, nameAt, end);
    }
    if (this.#names.length > 0) this.#compareNames(start, nameAt, end);
  }

  onPiece(): void {
    for (const candidate of this.#candidates) {
      if (candidate.nameAt === -1) continue;
      candidate.name = decodeUtf8(this.#piece.subarray(candidate.nameAt, candidate.nameEnd));
      candidate.nameAt = -1;
    }
  }

  answer(): Answer {
    if (!this.#hasAddress) {
      const symbols = this.#addresses.map(() => null);
      return { isHidden: true, symbols, addresses: this.#found };
    }
    this.#passOn();
    const symbols = new Map(
      this.#candidates.map((candidate, at) => {
        const address = this.#sorted[at] ?? 0n;
        return [address, describe(candidate, address)];
      }),
    );
    return {
      isHidden: false,
      symbols: this.#addresses.map((address) => symbols.get(address) ?? null),
      addresses: this.#found,
    };
  }

  #take(bytes: Uint8Array): void {
    if (bytes === this.#piece) return;
    this.#piece = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  #lineAt(start: number): Line | undefined {
    const digits = this.#piece[start + 16] === space ? 16 : 8;
    const nameAt = start + digits + 3;
    if (this.#piece[nameAt - 3] !== space || this.#piece[nameAt - 1] !== space) return undefined;
    return {
      high: digits === 16 ? readWord(this.#view, start) : 0,
      low: readWord(this.#view, nameAt - 11),
      type: this.#piece[nameAt - 2] ?? 0,
      nameAt,
    };
  }

  /** Only the next address above a symbol is told of it; those above that hear at the end. */
  #offer(high: number, low: number, nameAt: number, nameEnd: number): void {
    const candidate = this.#candidates[this.#firstAtOrAbove(high, low)];
    // Of several at one address the first listed, as the kernel itself does.
    if (candidate === undefined || !isBelow(candidate.high, candidate.low, high, low)) return;
    candidate.high = high;
    candidate.low = low;
    candidate.nameAt = nameAt;
    candidate.nameEnd = nameEnd;
  }

  #passOn(): void {
    for (const [at, candidate] of this.#candidates.entries()) {
      const below = this.#candidates[at - 1];
      if (below === undefined || !isBelow(candidate.high, candidate.low, below.high, below.low)) {
        continue;
      }
      Object.assign(candidate, below);
    }
  }

  /** The table rises nearly everywhere: most symbols lie where the one before did. */
  #firstAtOrAbove(high: number, low: number): number {
    const place = this.#place;
    const isAboveOthers = place === 0 || this.#isAbove(place - 1, high, low);
    if (!isAboveOthers || (place < this.#high.length && this.#isAbove(place, high, low))) {
      this.#place = this.#search(high, low);
    }
    return this.#place;
  }

  /** Whether this is above the address that is asked for at the place. */
  #isAbove(place: number, high: number, low: number): boolean {
    return isBelow(this.#high[place] ?? 0, this.#low[place] ?? 0, high, low);
  }

  #search(high: number, low: number): number {
    let first = 0;
    let end = this.#high.length;
    while (first < end) {
      const middle = (first + end) >>> 1;
      if (this.#isAbove(middle, high, low)) first = middle + 1;
      else end = middle;
    }
    return first;
  }

  #compareNames(start: number, nameAt: number, end: number): void {
    const bytes = this.#piece;
    const hasModule = bytes[end - 1] === closingBracket;
    const nameEnd = hasModule ? Math.min(bytes.indexOf(tab, nameAt), end) : end;
    for (const place of this.#placesByLength.get(nameEnd - nameAt) ?? []) {
      const name = this.#names[place];
      if (name === undefined || this.#found[place] !== 0n) continue;
      if (!hasBytesAt(bytes, nameAt, name)) continue;
      const high = nameAt - start === 19 ? readWord(this.#view, start) : 0;
      const address = (BigInt(high) << 32n) | BigInt(readWord(this.#view, nameAt - 11));
      this.#found[place] = address;
      if (address !== 0n) this.#foundCount++;
    }
  }
}

function describe({ high, low, name }: Candidate, address: bigint): Answer["symbols"][number] {
  const offset = address - ((BigInt(high) << 32n) | BigInt(low));
  if (name === "" || offset >= longestFunctionSizeBytes) return null;
  const [symbol = "", module = ""] = name.split("\t");
  return { name: symbol, offset, module: module.startsWith("[") ? module.slice(1, -1) : "" };
}

/** Of the line that ends, with its newline, there. */
function startOfLine(bytes: Uint8Array, end: number): number {
  return end < 2 ? 0 : bytes.lastIndexOf(newline, end - 2) + 1;
}

function isBelow(high: number, low: number, otherHigh: number, otherLow: number): boolean {
  return high < otherHigh || (high === otherHigh && low < otherLow);
}

/** Eight hexadecimal digits as the number that they are. */
function readWord(view: DataView, at: number): number {
  return ((readHalf(view.getUint32(at)) << 16) | readHalf(view.getUint32(at + 4))) >>> 0;
}

/** Four digits, each a byte: 0 to 9 end in their value, a to f (and A to F), which have bit 6, in 9 less. */
function readHalf(digits: number): number {
  const values = (digits & 0x0f0f_0f0f) + ((digits >>> 6) & 0x0101_0101) * 9;
  const pairs = values | (values >>> 4);
  return ((pairs >>> 8) & 0xff00) | (pairs & 0xff);
}
