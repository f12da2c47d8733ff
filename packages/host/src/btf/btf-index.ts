import { BtfError } from "./btf-error.js";
import { type BtfKind, btfKinds, type BtfTypeId } from "./types.js";

// struct btf_header (include/uapi/linux/btf.h): u16 magic, u8 version, u8 flags, u32 hdr_len, type_off, type_len,
// str_off, str_len; offsets are from the header's end.
const magic = 0xeb9f;
const smallestHeaderSizeBytes = 24;

/** Words after struct btf_type's own three: a fixed number, and a number for each of its `vlen` parts. */
const fixedWords = btfKinds.map((kind) =>
  kind === "int" || kind === "var" || kind === "decl_tag" ? 1 : kind === "array" ? 3 : 0,
);
const wordsPerPart = btfKinds.map((kind) => {
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

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const isHostLittleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/**
 * Where the types of a BTF blob are and what they are called, in typed arrays: the words of the types, the place of each
 * type in them, and a chained hash table over the bytes of their names. No string is made until it is asked for.
 */
export class BtfIndex {
  readonly typeCount: number;
  /** The type section, in the byte order of this machine. */
  readonly words: Uint32Array;
  readonly #strings: Uint8Array;
  /** By type: the index of its first word. Type 0, void, has none. */
  readonly #places: Uint32Array;
  /** By hash: the first type, 0 for none; and by type the next. */
  readonly #heads: Uint32Array;
  readonly #next: Uint32Array;

  constructor(bytes: Uint8Array) {
    const sections = readHeader(bytes);
    this.words = readWords(sections.types, sections.isSwapped);
    this.#strings = sections.strings;
    this.#places = placeTypes(this.words, this.#strings.length);
    this.typeCount = this.#places.length;
    this.#heads = new Uint32Array(1 << Math.max(4, Math.ceil(Math.log2(this.typeCount + 1))));
    this.#next = new Uint32Array(this.typeCount);
    this.#hashNames();
  }

  /** The index of a type's first word in `words`; not for void. */
  place(id: BtfTypeId): number {
    const place = id > 0 ? this.#places[id] : undefined;
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
    return btfKinds[kindNumber(this.word(this.place(id) + 1))] ?? "void";
  }

  /** The string at an offset of the string section. */
  string(offset: number): string {
    if (offset >= this.#strings.length) {
      throw new BtfError(
        `BTF string at ${offset}: there are ${this.#strings.length} bytes of strings`,
      );
    }
    return decoder.decode(this.#strings.subarray(offset, this.#strings.indexOf(0, offset)));
  }

  find(name: string, kind: BtfKind): BtfTypeId | undefined {
    const bytes = encoder.encode(name);
    let hash = fnvStart;
    for (const byte of bytes) hash = Math.imul(hash ^ byte, fnvPrime);
    let id = this.#heads[hash & (this.#heads.length - 1)] ?? 0;
    while (id !== 0) {
      if (this.kind(id) === kind && this.#isNamed(id, bytes)) return id;
      id = this.#next[id] ?? 0;
    }
    return undefined;
  }

  names(kind: BtfKind, prefix: string): readonly string[] {
    const names: string[] = [];
    const first = encoder.encode(prefix);
    const number = btfKinds.indexOf(kind);
    for (let id = 1; id < this.typeCount; id++) {
      const place = this.#places[id] ?? 0;
      if (kindNumber(this.word(place + 1)) !== number) continue;
      const offset = this.word(place);
      if (this.#hasAt(offset, first)) names.push(this.string(offset));
    }
    return names;
  }

  /** The first enumeration with an enumerator of this name. */
  findEnumerator(name: string): BtfTypeId | undefined {
    const bytes = encoder.encode(name);
    for (let id = 1; id < this.typeCount; id++) {
      const place = this.#places[id] ?? 0;
      const info = this.word(place + 1);
      const kind = btfKinds[kindNumber(info)];
      if (kind !== "enum" && kind !== "enum64") continue;
      const step = wordsPerPart[kindNumber(info)] ?? 0;
      for (let part = 0; part < (info & 0xffff); part++) {
        const offset = this.word(place + 3 + step * part);
        if (this.#hasAt(offset, bytes) && this.#strings[offset + bytes.length] === 0) return id;
      }
    }
    return undefined;
  }

  #isNamed(id: BtfTypeId, name: Uint8Array): boolean {
    const offset = this.word(this.place(id));
    return this.#hasAt(offset, name) && this.#strings[offset + name.length] === 0;
  }

  #hasAt(offset: number, bytes: Uint8Array): boolean {
    for (let at = 0; at < bytes.length; at++) {
      if (this.#strings[offset + at] !== bytes[at]) return false;
    }
    return true;
  }

  /** From the last type to the first, so that chains begin with the lowest ids. */
  #hashNames(): void {
    const { words } = this;
    const strings = this.#strings;
    const mask = this.#heads.length - 1;
    for (let id = this.typeCount - 1; id > 0; id--) {
      const offset = words[this.#places[id] ?? 0] ?? 0;
      if (offset === 0) continue;
      let hash = fnvStart;
      for (let at = offset; ; at++) {
        const byte = strings[at] ?? 0;
        if (byte === 0) break;
        hash = Math.imul(hash ^ byte, fnvPrime);
      }
      this.#next[id] = this.#heads[hash & mask] ?? 0;
      this.#heads[hash & mask] = id;
    }
  }
}

// Fowler, Noll and Vo's hash, 1a, of 32 bits.
const fnvStart = 0x811c9dc5 | 0;
const fnvPrime = 0x0100_0193;

function kindNumber(info: number): number {
  return (info >>> 24) & 0x1f;
}

interface Sections {
  readonly types: Uint8Array;
  readonly strings: Uint8Array;
  /** The blob's byte order is not this machine's. */
  readonly isSwapped: boolean;
}

function readHeader(bytes: Uint8Array): Sections {
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
  if (strings[0] !== 0 || strings[strings.length - 1] !== 0) {
    throw new BtfError("read BTF: its strings do not begin and end with NUL");
  }
  return { types: section(8, "types"), strings, isSwapped: isLittle !== isHostLittleEndian };
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

/** Walks the types twice, to count and to note where each begins, checking that they lie within their section. */
function placeTypes(words: Uint32Array, stringsSize: number): Uint32Array {
  let count = 1;
  for (let at = 0; at < words.length; at = afterType(words, at)) count++;
  const places = new Uint32Array(count);
  let id = 1;
  for (let at = 0; at < words.length; at = afterType(words, at)) {
    if ((words[at] ?? 0) >= stringsSize) {
      throw new BtfError(`read BTF: type ${id} has its name beyond the strings`);
    }
    places[id++] = at;
  }
  return places;
}

/** Where the type after the one at `at` begins. */
function afterType(words: Uint32Array, at: number): number {
  const info = words[at + 1] ?? 0;
  const kind = kindNumber(info);
  const fixed = fixedWords[kind];
  if (fixed === undefined || kind === 0) {
    throw new BtfError(`read BTF: the type at word ${at} is of the unknown kind ${kind}`);
  }
  const end = at + 3 + fixed + (wordsPerPart[kind] ?? 0) * (info & 0xffff);
  if (end > words.length) {
    throw new BtfError(`read BTF: the type at word ${at} ends beyond the types`);
  }
  return end;
}
