import { BtfError } from "./btf-error.js";
import { type Btf } from "./btf.js";
import { type BtfTypeId } from "./types.js";

// struct btf_ext_header and btf_ext_info_sec, tools/lib/bpf/libbpf_internal.h: u16 magic, u8 version, u8 flags, u32 hdr_len,
// then offset and length of function information, of line information and, in a header that has room for them, of
// relocations; offsets are from the header's end. Each part: u32 record size, then for each section of code u32 offset of
// its name, u32 count, the records.
const magic = 0xeb9f;
const smallestHeaderSizeBytes = 24;
const relocationsHeaderSizeBytes = 32;

/** struct bpf_func_info, bpf_line_info, bpf_core_relo (include/uapi/linux/bpf.h). */
const smallestRecordSizes = { functions: 8, lines: 16, relocations: 16 } as const;

/** One record as it stands in .BTF.ext; it begins with the instruction's offset. */
export interface InfoRecord {
  /** Of the instruction that it is about, in bytes from the start of its section. */
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** Records of one kind, by the name of the section of code that they are about. */
export interface InfoTable {
  readonly recordSizeBytes: number;
  readonly sections: ReadonlyMap<string, readonly InfoRecord[]>;
}

/** What of an instruction depends on the target's types (struct bpf_core_relo). */
export interface CoreRelocation {
  /** Of the instruction, in bytes from the start of its section. */
  readonly offset: number;
  /** In the object's own BTF. */
  readonly type: BtfTypeId;
  /** As "0:1:2": see core-relocation/access.ts. */
  readonly access: string;
  /** enum bpf_core_relo_kind. */
  readonly kind: number;
}

/** What clang tells of the instructions beside their types. */
export interface ExtInfo {
  readonly functions: InfoTable;
  readonly lines: InfoTable;
  readonly relocations: ReadonlyMap<string, readonly CoreRelocation[]>;
}

/** Reads .BTF.ext, which has its names in the object's BTF. Throws BtfError. */
export function decodeExtInfo(bytes: Uint8Array, btf: Btf): ExtInfo {
  const reader = new ExtReader(bytes, btf);
  return {
    functions: reader.table("function information", 8, smallestRecordSizes.functions),
    lines: reader.table("line information", 16, smallestRecordSizes.lines),
    relocations: reader.relocations(),
  };
}

class ExtReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #isLittle: boolean;
  readonly #headerSize: number;
  readonly #btf: Btf;

  constructor(bytes: Uint8Array, btf: Btf) {
    this.#bytes = bytes;
    this.#btf = btf;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#isLittle = btf.byteOrder === "little";
    if (bytes.length < smallestHeaderSizeBytes) {
      throw new BtfError(`read .BTF.ext: ${bytes.length} bytes are less than its header`);
    }
    if (this.#view.getUint16(0, this.#isLittle) !== magic) {
      throw new BtfError(
        "read .BTF.ext: it does not begin as it should, or not in .BTF's byte order",
      );
    }
    this.#headerSize = this.#u32(4);
    if (this.#headerSize < smallestHeaderSizeBytes || this.#headerSize > bytes.length) {
      throw new BtfError(`read .BTF.ext: a header of ${this.#headerSize} bytes`);
    }
  }

  /** The part whose offset and length are at `headerAt`. */
  table(what: string, headerAt: number, smallestRecordSize: number): InfoTable {
    const sections = new Map<string, InfoRecord[]>();
    const start = this.#headerSize + this.#u32(headerAt);
    const end = start + this.#u32(headerAt + 4);
    if (end === start) return { recordSizeBytes: smallestRecordSize, sections };
    const fault = (why: string): BtfError => new BtfError(`read .BTF.ext: its ${what} ${why}`);
    if (end > this.#bytes.length) throw fault(`ends at byte ${end} of ${this.#bytes.length}`);
    if (start % 4 !== 0 || end - start < 4) throw fault("is not made of words");
    const recordSizeBytes = this.#u32(start);
    if (recordSizeBytes < smallestRecordSize || recordSizeBytes % 4 !== 0) {
      throw fault(`has records of ${recordSizeBytes} bytes`);
    }
    for (let at = start + 4; at < end;) {
      if (at + 8 > end) throw fault("ends within a section");
      const name = this.#btf.index.string(this.#u32(at));
      const count = this.#u32(at + 4);
      at += 8;
      if (count === 0) throw fault(`has a section ${name} without records`);
      if (count * recordSizeBytes > end - at) throw fault(`ends within its section ${name}`);
      const records = sections.get(name) ?? [];
      for (let index = 0; index < count; index++, at += recordSizeBytes) {
        const record = this.#bytes.subarray(at, at + recordSizeBytes);
        records.push({ offset: this.#u32(at), bytes: record });
      }
      sections.set(name, records);
    }
    return { recordSizeBytes, sections };
  }

  relocations(): ReadonlyMap<string, readonly CoreRelocation[]> {
    const relocations = new Map<string, readonly CoreRelocation[]>();
    if (this.#headerSize < relocationsHeaderSizeBytes) return relocations;
    const table = this.table("relocations", 24, smallestRecordSizes.relocations);
    for (const [section, records] of table.sections) {
      relocations.set(
        section,
        records.map(({ bytes }) => this.#relocation(bytes)),
      );
    }
    return relocations;
  }

  #relocation(bytes: Uint8Array): CoreRelocation {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return {
      offset: view.getUint32(0, this.#isLittle),
      type: view.getUint32(4, this.#isLittle),
      access: this.#btf.index.string(view.getUint32(8, this.#isLittle)),
      kind: view.getUint32(12, this.#isLittle),
    };
  }

  #u32(at: number): number {
    return this.#view.getUint32(at, this.#isLittle);
  }
}
