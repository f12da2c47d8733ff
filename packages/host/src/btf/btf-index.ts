import { BtfError } from "./btf-error.js";
import { type BtfKind, btfKinds, type BtfTypeId } from "./types.js";

// struct btf_header (include/uapi/linux/btf.h): u16 magic, u8 version, u8 flags, u32 hdr_len, type_off, type_len,
// str_off, str_len; offsets are from the header's end.
const magic = 0xeb9f;
const smallestHeaderSizeBytes = 24;

/** Words of a type of each kind without its `vlen` parts: struct btf_type's own three, and a fixed number; and of each part. */
const wordsOfKind = Uint8Array.from(btfKinds, (kind) => {
  switch (kind) {
    case "void":
      return 0;
    case "int":
    case "var":
    case "decl_tag":
      return 4;
    case "array":
      return 6;
    default:
      return 3;
  }
});
const wordsPerPart = Uint8Array.from(btfKinds, (kind) => {
  switch (kind) {
    case "struct":
    case "union":
    case "datasec":
    case "enum64":
      return 3;
    case "enum":
    case "func_proto":
      return 2;
    default:
      return 0;
  }
});

const underscore = 0x5f;
const functionKind = btfKinds.indexOf("func");

/** By hash the first entry, 0 for none; by entry the next, and the type of this blob's own. */
interface NameTable {
  readonly heads: Uint32Array;
  readonly next: Uint32Array;
  readonly types: Uint32Array;
  /** Of this blob's own types those whose names may have a flavour. */
  readonly flavoured: readonly number[];
}

/** As many names as there are in a kernel beside those of its functions: longer tables cost more memory, which is slow at first. */
const mostHeads = 1 << 15;

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const hostByteOrder = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1 ? "little" : "big";

/**
 * Where the types of a BTF blob are and what they are called, in typed arrays: the words of the types, the place of each
 * type in them, and chained hash tables over the bytes of their names. No string is made until it is asked for.
 * A module's BTF goes on where the kernel's own ends: its ids and its strings are counted from there.
 */
export class BtfIndex {
  /** Of the BTF that this one goes on from, and of this one. */
  readonly typeCount: number;
  /** The lowest id of this blob's own types. */
  readonly firstId: number;
  /** The type section, in the byte order of this machine. */
  readonly words: Uint32Array;
  readonly byteOrder: "little" | "big";
  readonly base: BtfIndex | undefined;
  /** The string section. */
  readonly strings: Uint8Array;
  readonly #firstString: number;
  /** By type, the first of this blob's own being 1: the index of its first word. */
  readonly #places: Uint32Array;
  /** Of functions, which most names are and few are looked for, and of all others. */
  #functionNames: NameTable | undefined;
  #otherNames: NameTable | undefined;

  constructor(bytes: Uint8Array, base?: BtfIndex) {
    const sections = readHeader(bytes, base !== undefined);
    this.base = base;
    this.byteOrder = sections.byteOrder;
    this.words = readWords(sections.types, sections.byteOrder !== hostByteOrder);
    this.strings = sections.strings;
    this.#firstString = base?.stringsEnd ?? 0;
    this.#places = placeTypes(this.words, this.stringsEnd);
    this.firstId = base?.typeCount ?? 1;
    this.typeCount = this.firstId + this.#places.length - 1;
  }

  /** The offset after the last string. */
  get stringsEnd(): number {
    return this.#firstString + this.strings.length;
  }

  /** The index of a type's first word in `words`; of this blob's own types alone. */
  place(id: BtfTypeId): number {
    const place = id >= this.firstId ? this.#places[id - this.firstId + 1] : undefined;
    if (place === undefined) {
      throw new BtfError(`BTF type ${id}: there are ${this.typeCount} types`);
    }
    return place;
  }

  word(at: number): number {
    return this.words[at] ?? 0;
  }

  kind(id: BtfTypeId): BtfKind {
    if (id === 0) return "void";
    if (this.base !== undefined && id < this.firstId) return this.base.kind(id);
    return btfKinds[kindNumber(this.word(this.place(id) + 1))] ?? "void";
  }

  /** The string at an offset of the string section. */
  string(offset: number): string {
    if (this.base !== undefined && offset < this.#firstString) return this.base.string(offset);
    const start = offset - this.#firstString;
    if (start >= this.strings.length) {
      throw new BtfError(`BTF string at ${offset}: there are ${this.stringsEnd} bytes of strings`);
    }
    return decoder.decode(this.strings.subarray(start, this.strings.indexOf(0, start)));
  }

  /** The first of this blob's own types of the name and kind. */
  find(name: string, kind: BtfKind): BtfTypeId | undefined {
    for (const id of this.named(name, [kind])) {
      if (this.kind(id) === kind) return id;
    }
    return undefined;
  }

  /** This blob's own types of the name that may be of one of the kinds, by rising ids among functions and among all others. */
  *named(name: string, kinds: readonly BtfKind[]): Generator<BtfTypeId, undefined> {
    const bytes = encoder.encode(name);
    let hash = fnvStart;
    for (const byte of bytes) hash = Math.imul(hash ^ byte, fnvPrime);
    for (const ofFunctions of new Set(kinds.map((kind) => kind === "func"))) {
      const { heads, next, types } = this.#namesOf(ofFunctions);
      let entry = heads[hash & (heads.length - 1)] ?? 0;
      for (; entry !== 0; entry = next[entry] ?? 0) {
        const id = (types[entry] ?? 0) + this.firstId - 1;
        if (this.#isNamed(id, bytes)) yield id;
      }
    }
  }

  /** This blob's own types, functions left out, that have three underscores in a row in their names. */
  get flavoured(): readonly BtfTypeId[] {
    return this.#namesOf(false).flavoured.map((own) => own + this.firstId - 1);
  }

  names(kind: BtfKind, prefix: string): readonly string[] {
    const names: string[] = [];
    const first = encoder.encode(prefix);
    const number = btfKinds.indexOf(kind);
    for (let id = this.firstId; id < this.typeCount; id++) {
      const place = this.place(id);
      if (kindNumber(this.word(place + 1)) !== number) continue;
      const offset = this.word(place);
      if (this.#hasAt(offset, first)) names.push(this.string(offset));
    }
    return names;
  }

  /** The first of this blob's own enumerations with an enumerator of this name. */
  findEnumerator(name: string): BtfTypeId | undefined {
    const bytes = encoder.encode(name);
    for (let id = this.firstId; id < this.typeCount; id++) {
      const place = this.place(id);
      const info = this.word(place + 1);
      const kind = btfKinds[kindNumber(info)];
      if (kind !== "enum" && kind !== "enum64") continue;
      const step = wordsPerPart[kindNumber(info)] ?? 0;
      for (let part = 0; part < (info & 0xffff); part++) {
        const offset = this.word(place + 3 + step * part);
        if (this.#isTextAt(offset, bytes)) return id;
      }
    }
    return undefined;
  }

  #isNamed(id: BtfTypeId, name: Uint8Array): boolean {
    return this.#isTextAt(this.word(this.place(id)), name);
  }

  /** Whether the string at an offset is this one. */
  #isTextAt(offset: number, text: Uint8Array): boolean {
    return this.#hasAt(offset, text) && this.#byteAt(offset + text.length) === 0;
  }

  #hasAt(offset: number, bytes: Uint8Array): boolean {
    for (let at = 0; at < bytes.length; at++) {
      if (this.#byteAt(offset + at) !== bytes[at]) return false;
    }
    return true;
  }

  /** Of the strings, where a module's types may have their names among the kernel's. */
  #byteAt(offset: number): number | undefined {
    const { base } = this;
    if (base !== undefined && offset < this.#firstString) return base.#byteAt(offset);
    return this.strings[offset - this.#firstString];
  }

  #namesOf(ofFunctions: boolean): NameTable {
    if (ofFunctions) return (this.#functionNames ??= this.#hashNames(true));
    return (this.#otherNames ??= this.#hashNames(false));
  }

  /** From the last type to the first, so that chains begin with the lowest ids. */
  #hashNames(ofFunctions: boolean): NameTable {
    const [words, places] = [this.words, this.#places];
    const headCount = 1 << Math.max(4, Math.ceil(Math.log2(places.length / 2 + 1)));
    const heads = new Uint32Array(Math.min(mostHeads, headCount));
    // Of these only the beginnings are written to, which is what costs.
    const [next, types] = [new Uint32Array(places.length), new Uint32Array(places.length)];
    const flavoured: number[] = [];
    const mask = heads.length - 1;
    let entry = 1;
    for (let own = places.length - 1; own > 0; own--) {
      const place = places[own] ?? 0;
      const offset = words[place] ?? 0;
      if (offset === 0) continue;
      if ((kindNumber(words[place + 1] ?? 0) === functionKind) !== ofFunctions) continue;
      const found = this.#hashAt(offset);
      if ((found & flavourFlag) !== 0) flavoured.push(own);
      const hash = found & mask;
      next[entry] = heads[hash] ?? 0;
      types[entry] = own;
      heads[hash] = entry++;
    }
    return { heads, next, types, flavoured: flavoured.reverse() };
  }

  /** Of the name at an offset, in its lower bits; with `flavourFlag`, where it has three underscores in a row. */
  #hashAt(offset: number): number {
    if (this.base !== undefined && offset < this.#firstString) return this.base.#hashAt(offset);
    const strings = this.strings;
    let hash = fnvStart;
    let run = 0;
    let flag = 0;
    for (let at = offset - this.#firstString; ; at++) {
      const byte = strings[at] ?? 0;
      if (byte === 0) return (hash & ~flavourFlag) | flag;
      hash = Math.imul(hash ^ byte, fnvPrime);
      run = byte === underscore ? run + 1 : 0;
      if (run === 3) flag = flavourFlag;
    }
  }
}

// Fowler, Noll and Vo's hash, 1a, of 32 bits.
const fnvStart = 0x811c9dc5 | 0;
const fnvPrime = 0x0100_0193;
/** The highest bit of a hash, which no table is large enough for. */
const flavourFlag = 1 << 31;

function kindNumber(info: number): number {
  return (info >>> 24) & 0x1f;
}

interface Sections {
  readonly types: Uint8Array;
  readonly strings: Uint8Array;
  readonly byteOrder: "little" | "big";
}

function readHeader(bytes: Uint8Array, goesOn: boolean): Sections {
  if (bytes.length < smallestHeaderSizeBytes) {
    throw new BtfError(`read BTF: ${bytes.length} bytes are less than its header`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isLittle = view.getUint16(0, true) === magic;
  if (!isLittle && view.getUint16(0, false) !== magic) {
    throw new BtfError("read BTF: it does not begin as BTF does");
  }
  const headerSize = view.getUint32(4, isLittle);
  const section = (at: number, name: string): Uint8Array => {
    const start = headerSize + view.getUint32(at, isLittle);
    const end = start + view.getUint32(at + 4, isLittle);
    if (headerSize < smallestHeaderSizeBytes || end > bytes.length) {
      throw new BtfError(`read BTF: its ${name} end at byte ${end} of ${bytes.length}`);
    }
    return bytes.subarray(start, end);
  };
  const strings = section(16, "strings");
  // Strings that go on from others need not begin with an empty one, and may be none.
  const isBegun = goesOn || strings[0] === 0;
  if (!isBegun || (strings.length > 0 && strings[strings.length - 1] !== 0)) {
    throw new BtfError("read BTF: its strings do not begin and end with NUL");
  }
  return { types: section(8, "types"), strings, byteOrder: isLittle ? "little" : "big" };
}

function readWords(types: Uint8Array, isSwapped: boolean): Uint32Array {
  const wordCount = types.length >>> 2;
  // Views of words must begin at a multiple of 4, and words in place must not be changed.
  const isCopied = isSwapped || (types.byteOffset & 3) !== 0;
  const source = isCopied ? types.slice() : types;
  const words = new Uint32Array(source.buffer, source.byteOffset, wordCount);
  if (isSwapped) {
    for (let at = 0; at < wordCount; at++) {
      const word = words[at] ?? 0;
      words[at] = (word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24);
    }
  }
  return words;
}

/** Walks the types and notes where each begins, checking that they lie within their section. */
function placeTypes(words: Uint32Array, stringsSize: number): Uint32Array {
  // No type has less than three words.
  const places = new Uint32Array(Math.floor(words.length / 3) + 1);
  const count = words.length;
  let id = 1;
  // Some hundred thousand times, and mostly before it is compiled: the less is done here the better.
  for (let at = 0; at < count;) {
    const info = words[at + 1] ?? 0;
    const kind = (info >>> 24) & 0x1f;
    const ownWords = wordsOfKind[kind] ?? 0;
    const end = at + ownWords + (wordsPerPart[kind] ?? 0) * (info & 0xffff);
    if (ownWords === 0 || end > count || (words[at] ?? 0) >= stringsSize) {
      throw misplacedType(words, { id, at, end, stringsSize });
    }
    places[id++] = at;
    at = end;
  }
  return places.subarray(0, id);
}

function misplacedType(
  words: Uint32Array,
  { id, at, end, stringsSize }: Record<"id" | "at" | "end" | "stringsSize", number>,
): BtfError {
  const kind = kindNumber(words[at + 1] ?? 0);
  if ((words[at] ?? 0) >= stringsSize) {
    return new BtfError(`read BTF: type ${id} has its name beyond the strings`);
  }
  const why = end > words.length && (wordsOfKind[kind] ?? 0) > 0;
  return new BtfError(
    why
      ? `read BTF: the type at word ${at} ends beyond the types`
      : `read BTF: the type at word ${at} is of the unknown kind ${kind}`,
  );
}
