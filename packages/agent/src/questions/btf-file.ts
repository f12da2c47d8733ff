import { decodeUtf8 } from "@sonde/protocol";
import { LimitError, MissingError, NotSupportedError, SyscallError } from "../kernel/errors.js";
import { openFile, statFd } from "../kernel/files.js";
import { type Kernel } from "../kernel/kernel.js";
import { type OwnedFd } from "../kernel/owned-fd.js";
import { encodeCString } from "../kernel/text.js";
import { hasBytesAt } from "./bytes-at.js";
import { headWords, shapeOf, type TypeShape, wordsOf } from "./btf-shapes.js";
import { FileWindow, pageSizeBytes } from "./file-window.js";

export const kernelTypesPath = "/sys/kernel/btf/vmlinux";

/** struct btf_header (include/uapi/linux/btf.h): u16 magic, u8 version, u8 flags, u32 hdr_len, type_off, type_len, str_off, str_len. */
const magic = 0xeb9f;
const headerSizeBytes = 24;
const headSizeBytes = headWords * 4;

/** Read at a time where all of the file is looked through. */
const scanSizeBytes = 65_536;
/** A kernel's types are 6 MB. */
const fileLimitBytes = 67_108_864;
/** One type: the largest of kernels has some 2,000 parts. */
const typeLimitBytes = 131_072;
/** One name: the kernel's own limit is KSYM_NAME_LEN, 512. */
const nameLimitBytes = 1024;

/** Of every so many types it is noted where they begin: the others are found from there. */
const typesPerPlace = 64;

/** Where types begin, for all who ask: made when the types are first looked through. */
export interface TypePlaces {
  readonly offsets: readonly number[];
  readonly typeCount: number;
}

/** A type's words in this machine's numbers. */
export interface TypeWords {
  readonly shape: TypeShape;
  readonly name: number;
  readonly info: number;
  readonly third: number;
  /** What follows; empty when only the head was asked for. */
  readonly rest: Uint32Array;
}

export interface NamedType {
  readonly kind: string;
  readonly name: string;
}

interface Section {
  readonly start: number;
  readonly end: number;
}

/** The kernel's types, in their file: only pieces of it are ever in memory. Throws NotSupportedError for a damaged file. */
export class BtfFile implements Disposable {
  readonly isLittleEndian: boolean;
  readonly #file: OwnedFd;
  readonly #window: FileWindow;
  readonly #types: Section;
  readonly #strings: Section;
  #places: TypePlaces | undefined;

  private constructor(kernel: Kernel, file: OwnedFd, places: TypePlaces | undefined) {
    this.#file = file;
    this.#places = places;
    this.#window = new FileWindow(kernel, kernelTypesPath, file);
    const { sizeBytes } = statFd(kernel, kernelTypesPath, file.fd);
    if (sizeBytes > BigInt(fileLimitBytes)) {
      throw new LimitError(`read ${kernelTypesPath}: ${sizeBytes} bytes`, fileLimitBytes);
    }
    const header = this.#view(0, headerSizeBytes);
    this.isLittleEndian = header.getUint16(0, true) === magic;
    if (!this.isLittleEndian && header.getUint16(0, false) !== magic) {
      throw damaged("it does not begin as BTF does");
    }
    this.#types = this.#section(header, 8, Number(sizeBytes));
    this.#strings = this.#section(header, 16, Number(sizeBytes));
  }

  /** `places` are those of an earlier look. Throws MissingError, SyscallError. */
  static open(kernel: Kernel, places: TypePlaces | undefined): BtfFile {
    const file = openTypes(kernel);
    try {
      return new BtfFile(kernel, file, places);
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /** Where the types begin, if they have been looked through. */
  get places(): TypePlaces | undefined {
    return this.#places;
  }

  [Symbol.dispose](): void {
    this.#file.close();
  }

  /** The ids of the first types of these names and kinds, 0 for none. Looks through the whole file. */
  async find(wanted: readonly NamedType[], pause: () => Promise<void>): Promise<number[]> {
    const offsets = await this.#findStrings(
      wanted.map(({ name }) => name),
      pause,
    );
    const ids = wanted.map(() => 0);
    await this.#eachType(pause, (id, name, shape) => {
      const indexes = offsets.get(name);
      if (indexes === undefined) return;
      for (const index of indexes) {
        if (ids[index] === 0 && wanted[index]?.kind === shape.kind) ids[index] = id;
      }
    });
    return ids;
  }

  /** Looks through the types, so that they can be read by their ids. */
  async place(pause: () => Promise<void>): Promise<void> {
    if (this.#places === undefined) await this.#eachType(pause, () => undefined);
  }

  /** A type without what follows its head. */
  readHead(id: number): TypeWords {
    return this.#head(this.#locate(id));
  }

  /** A whole type. Throws LimitError. */
  read(id: number): TypeWords {
    const offset = this.#locate(id);
    const head = this.#head(offset);
    const count = wordsOf(head.shape, head.info) - headWords;
    if (count * 4 > typeLimitBytes) {
      throw new LimitError(`read BTF type ${id}: ${count * 4} bytes`, typeLimitBytes);
    }
    const start = offset + headSizeBytes;
    if (start + count * 4 > this.#types.end) throw damaged(`type ${id} ends beyond the types`);
    const view = this.#view(start, count * 4);
    const rest = Uint32Array.from({ length: count }, (_, at) =>
      view.getUint32(at * 4, this.isLittleEndian),
    );
    return { ...head, rest };
  }

  /** A name's bytes with the NUL behind them, by its offset; good until the file is asked for something else. */
  nameBytes(offset: number): Uint8Array {
    const start = this.#strings.start + offset;
    if (start >= this.#strings.end) throw damaged(`it has no string at ${offset}`);
    const limit = Math.min(nameLimitBytes, this.#strings.end - start);
    const bytes = this.#window.view(start, limit, pageSizeBytes).subarray(0, limit);
    const end = bytes.indexOf(0);
    if (end === -1) throw damaged(`the string at ${offset} has no end`);
    return bytes.subarray(0, end + 1);
  }

  name(offset: number): string {
    return decodeUtf8(this.nameBytes(offset).subarray(0, -1));
  }

  /** Indexes of the wanted names by the offsets at which they stand. */
  async #findStrings(
    names: readonly string[],
    pause: () => Promise<void>,
  ): Promise<ReadonlyMap<number, readonly number[]>> {
    const wanted = names.map((name) => encodeCString(name));
    const longest = Math.max(...wanted.map(({ length }) => length));
    const found = new Map<number, number[]>();
    const { start, end } = this.#strings;
    for (let at = start; at < end;) {
      await pause();
      const bytes = this.#piece(at, Math.min(longest, end - at), end);
      let from = 0;
      for (let nul = bytes.indexOf(0); nul !== -1; nul = bytes.indexOf(0, from)) {
        for (const [index, name] of wanted.entries()) {
          if (name.length !== nul + 1 - from || !hasBytesAt(bytes, from, name)) continue;
          const offset = at + from - start;
          found.set(offset, [...(found.get(offset) ?? []), index]);
        }
        from = nul + 1;
      }
      // Without any NUL: longer than all that are wanted.
      at += from === 0 ? bytes.length : from;
    }
    return found;
  }

  async #eachType(
    pause: () => Promise<void>,
    visit: (id: number, name: number, shape: TypeShape) => void,
  ): Promise<void> {
    const offsets: number[] = [];
    const { start, end } = this.#types;
    let id = 1;
    for (let at = start; at < end;) {
      await pause();
      const bytes = this.#piece(at, headSizeBytes, end);
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
      const first = at;
      // Each type that begins in the piece: what follows its head may lie beyond.
      for (; at - first + headSizeBytes <= bytes.length; id++) {
        if ((id - 1) % typesPerPlace === 0) offsets.push(at);
        const info = view.getUint32(at - first + 4, this.isLittleEndian);
        const shape = requireShape(info);
        visit(id, view.getUint32(at - first, this.isLittleEndian), shape);
        at += wordsOf(shape, info) * 4;
      }
      if (at > end) throw damaged(`type ${id - 1} ends beyond the types`);
      if (at === first) throw damaged(`type ${id} ends beyond the types`);
    }
    this.#places = { offsets, typeCount: id };
  }

  /** A large piece of a section, at least `length` bytes of it. */
  #piece(at: number, length: number, end: number): Uint8Array {
    const bytes = this.#window.view(at, length, scanSizeBytes);
    if (bytes.length < length) throw damaged(`it ends before byte ${at + length}`);
    return bytes.subarray(0, end - at);
  }

  #locate(id: number): number {
    const { offsets, typeCount } = this.#places ?? { offsets: [], typeCount: 0 };
    const place = Math.floor((id - 1) / typesPerPlace);
    let at = offsets[place];
    if (at === undefined || id >= typeCount) throw damaged(`it has no type ${id}`);
    for (let other = place * typesPerPlace + 1; other < id; other++) {
      const { shape, info } = this.#head(at);
      at += wordsOf(shape, info) * 4;
    }
    return at;
  }

  #head(offset: number): TypeWords {
    if (offset + headSizeBytes > this.#types.end) throw damaged("a type ends beyond the types");
    const view = this.#view(offset, headSizeBytes);
    const info = view.getUint32(4, this.isLittleEndian);
    const shape = requireShape(info);
    const name = view.getUint32(0, this.isLittleEndian);
    const third = view.getUint32(8, this.isLittleEndian);
    return { shape, name, info, third, rest: noWords };
  }

  #section(header: DataView, at: number, sizeBytes: number): Section {
    const headerEnd = header.getUint32(4, this.isLittleEndian);
    const start = headerEnd + header.getUint32(at, this.isLittleEndian);
    const end = start + header.getUint32(at + 4, this.isLittleEndian);
    if (headerEnd < headerSizeBytes || end > sizeBytes) {
      throw damaged(`a section of it ends at byte ${end} of ${sizeBytes}`);
    }
    return { start, end };
  }

  #view(offset: number, length: number): DataView {
    const bytes = this.#window.view(offset, length, pageSizeBytes);
    if (bytes.length < length) throw damaged(`it ends before byte ${offset + length}`);
    return new DataView(bytes.buffer, bytes.byteOffset, length);
  }
}

const noWords = new Uint32Array(0);

function openTypes(kernel: Kernel): OwnedFd {
  try {
    return openFile(kernel, kernelTypesPath);
  } catch (error) {
    if (!(error instanceof SyscallError) || error.errno !== kernel.errno.ENOENT) throw error;
    throw new MissingError(`${kernelTypesPath} is not there`, {
      cause: error,
      hint: "the kernel was built without CONFIG_DEBUG_INFO_BTF: give its types with --btf or --vmlinux",
    });
  }
}

function requireShape(info: number): TypeShape {
  const shape = shapeOf(info);
  if (shape !== undefined) return shape;
  throw damaged(`it has a type of the unknown kind ${(info >>> 24) & 0x1f}`);
}

export function damaged(what: string): NotSupportedError {
  return new NotSupportedError(`read ${kernelTypesPath}: ${what}`, {
    hint: "damaged, or newer than this agent: give the kernel's types with --btf or --vmlinux",
  });
}
