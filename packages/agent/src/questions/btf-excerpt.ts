import { LimitError } from "../kernel/errors.js";
import { type BtfFile, type TypeWords } from "./btf-file.js";
import { headWords, type Word } from "./btf-shapes.js";

/** What one answer may have; more are not types that a program needs. */
const typeLimit = 16_384;
const sizeLimitBytes = 524_288;

/** Kinds that others are made of without end: of those that were not asked for, name and size will do. */
const cutKinds: ReadonlySet<string> = new Set([
  "struct",
  "union",
  "enum",
  "enum64",
  "func_proto",
  "datasec",
]);

/** Kinds that only lead to another type, which is then meant, too. */
const leadingKinds: ReadonlySet<string> = new Set([
  "typedef",
  "volatile",
  "const",
  "restrict",
  "type_tag",
  "func",
  "var",
]);

/** How much of a type is wanted, from less to more. */
const mentioned = 1;
const whole = 2;

interface ExcerptType {
  readonly id: number;
  readonly words: TypeWords;
}

/** BTF of a few of the kernel's types. */
export interface BuiltExcerpt {
  readonly types: Uint8Array;
  /** Of the types, in the kernel's BTF; the whole ones first. */
  readonly ids: readonly number[];
  readonly wholeCount: number;
}

/** Picks types out of the kernel's and makes BTF of them that can be read by itself. */
export class BtfExcerpt {
  readonly #file: BtfFile;
  readonly #pause: () => Promise<void>;
  /** How much of each type has been taken or waits to be. */
  readonly #wanted = new Map<number, number>();
  readonly #types = new Map<number, TypeWords>();
  #waiting: number[] = [];
  #sizeBytes = 0;

  constructor(file: BtfFile, pause: () => Promise<void>) {
    this.#file = file;
    this.#pause = pause;
  }

  /** All of a type, and what it takes to name and to measure what it is made of. */
  async take(id: number): Promise<void> {
    this.#want(id, whole);
    await this.#takeWaiting();
  }

  /** What it takes to name and to measure a type. */
  async mention(id: number): Promise<void> {
    this.#want(id, mentioned);
    await this.#takeWaiting();
  }

  async build(): Promise<BuiltExcerpt> {
    const all = [...this.#types].map(([id, words]) => ({ id, words }));
    const isWhole = ({ id, words }: ExcerptType): boolean =>
      !cutKinds.has(words.shape.kind) || this.#wanted.get(id) === whole;
    const wholeTypes = all.filter(isWhole);
    const ordered = [...wholeTypes, ...all.filter((type) => !isWhole(type))];
    const strings = await this.#collectNames(ordered);
    return {
      types: encode(ordered, strings, this.#file.isLittleEndian),
      ids: ordered.map(({ id }) => id),
      wholeCount: wholeTypes.length,
    };
  }

  #want(id: number, much: number): void {
    if (id === 0 || (this.#wanted.get(id) ?? 0) >= much) return;
    this.#wanted.set(id, much);
    this.#waiting.push(id);
  }

  async #takeWaiting(): Promise<void> {
    // What is taken may want more.
    while (this.#waiting.length > 0) {
      const waiting = this.#waiting.sort((a, b) => a - b);
      this.#waiting = [];
      for (const id of waiting) {
        await this.#pause();
        this.#takeOne(id, this.#wanted.get(id) ?? mentioned);
      }
    }
  }

  #takeOne(id: number, much: number): void {
    const head = this.#file.readHead(id);
    const { kind } = head.shape;
    if (much < whole && cutKinds.has(kind)) {
      this.#add(id, cutOff(head));
      return;
    }
    const words = this.#file.read(id);
    this.#add(id, words);
    if (much === whole && leadingKinds.has(kind)) this.#want(words.third, whole);
    else if (much === whole && kind === "ptr") this.#followPointer(words.third);
    else
      for (const reference of references(words))
        this.#want(reference, this.#needOf(words, reference));
  }

  /** "btf_trace_NAME" leads to its prototype by a pointer. */
  #followPointer(to: number): void {
    const isPrototype = to !== 0 && this.#file.readHead(to).shape.kind === "func_proto";
    this.#want(to, isPrototype ? whole : mentioned);
  }

  /** The members of a member without a name are the outer one's. */
  #needOf(outer: TypeWords, reference: number): number {
    const isOfMembers = outer.shape.kind === "struct" || outer.shape.kind === "union";
    if (!isOfMembers || reference === 0) return mentioned;
    const inner = this.#file.readHead(reference);
    const isUnnamed =
      inner.name === 0 && (inner.shape.kind === "struct" || inner.shape.kind === "union");
    return isUnnamed ? whole : mentioned;
  }

  #add(id: number, words: TypeWords): void {
    this.#types.set(id, words);
    this.#sizeBytes += (headWords + words.rest.length) * 4;
    if (this.#types.size > typeLimit || this.#sizeBytes > sizeLimitBytes) {
      throw new LimitError("answer a question of types: too many types", typeLimit, {
        hint: "ask for fewer at a time",
      });
    }
  }

  async #collectNames(types: readonly ExcerptType[]): Promise<Strings> {
    const offsets = new Set<number>();
    for (const { words } of types) {
      eachWord(words, (word, value) => {
        if (word === "name" && value !== 0) offsets.add(value);
      });
    }
    const strings = new Strings();
    for (const offset of [...offsets].sort((a, b) => a - b)) {
      await this.#pause();
      strings.add(offset, this.#file.nameBytes(offset));
      if (strings.sizeBytes > sizeLimitBytes) {
        throw new LimitError("answer a question of types: too many names", sizeLimitBytes);
      }
    }
    return strings;
  }
}

/** Name, kind and size, and no parts. */
function cutOff(head: TypeWords): TypeWords {
  // What a prototype gives back is a part of it, too.
  const third = head.shape.third === "type" ? 0 : head.third;
  return { ...head, info: (head.info & 0xffff_0000) >>> 0, third };
}

function references(words: TypeWords): number[] {
  const found: number[] = [];
  eachWord(words, (word, value) => {
    if (word === "type") found.push(value);
  });
  return found;
}

/** A type's words after its info, with the name first. */
function eachWord(words: TypeWords, visit: (word: Word, value: number) => void): void {
  const { shape, name, third, rest } = words;
  visit("name", name);
  visit(shape.third, third);
  for (const [at, value] of rest.entries()) visit(wordAt(words, at), value);
}

function wordAt({ shape }: TypeWords, at: number): Word {
  const { fixed, part } = shape;
  return (at < fixed.length ? fixed[at] : part[(at - fixed.length) % part.length]) ?? "other";
}

/** The strings of an excerpt, by where they were in the kernel's. */
class Strings {
  readonly #offsets = new Map<number, number>([[0, 0]]);
  readonly #strings: Uint8Array[] = [new Uint8Array(1)];
  #sizeBytes = 1;

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Keeps a copy. */
  add(oldOffset: number, bytes: Uint8Array): void {
    this.#offsets.set(oldOffset, this.#sizeBytes);
    this.#strings.push(bytes.slice());
    this.#sizeBytes += bytes.length;
  }

  offset(oldOffset: number): number {
    return this.#offsets.get(oldOffset) ?? 0;
  }

  copyTo(target: Uint8Array, offset: number): void {
    let at = offset;
    for (const bytes of this.#strings) {
      target.set(bytes, at);
      at += bytes.length;
    }
  }
}

/** include/uapi/linux/btf.h: the header of 24 bytes, the types, the strings. */
function encode(
  types: readonly ExcerptType[],
  strings: Strings,
  isLittleEndian: boolean,
): Uint8Array {
  const numbers = new Map(types.map(({ id }, at) => [id, at + 1]));
  const wordCount = types.reduce((sum, { words }) => sum + headWords + words.rest.length, 0);
  const stringsAt = 24 + wordCount * 4;
  const bytes = new Uint8Array(stringsAt + strings.sizeBytes);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, 0xeb9f, isLittleEndian);
  view.setUint8(2, 1);
  const lengths = [24, 0, wordCount * 4, wordCount * 4, strings.sizeBytes];
  for (const [at, value] of lengths.entries()) view.setUint32(4 + at * 4, value, isLittleEndian);
  let at = 24;
  const put = (value: number): void => {
    view.setUint32(at, value, isLittleEndian);
    at += 4;
  };
  const putWord = (word: Word, value: number): void => {
    if (word === "name") put(strings.offset(value));
    else put(word === "type" ? (numbers.get(value) ?? 0) : value);
  };
  for (const { words } of types) {
    putWord("name", words.name);
    put(words.info);
    putWord(words.shape.third, words.third);
    for (const [index, value] of words.rest.entries()) putWord(wordAt(words, index), value);
  }
  strings.copyTo(bytes, stringsAt);
  return bytes;
}
