import { ElfError } from "./elf-error.js";
import { type ElfReader } from "./elf-reader.js";

/** A place in a program that its author has marked (sys/sdt.h), as the compiler has left it. */
export interface UsdtProbe {
  readonly provider: string;
  readonly name: string;
  /** Of the marked instruction, in the file. */
  readonly fileOffset: bigint;
  /** Where the file has the u16 that counts who listens; undefined when the program does not ask. */
  readonly semaphoreOffset: bigint | undefined;
  /** "-4@%edi 8@-16(%rbp)": in the notation of the machine's assembler, less the commas. */
  readonly args: string;
}

const sectionTypeNote = 7;
/** NT_STAPSDT, of the owner "stapsdt\0". */
const noteType = 3;
const owner = "stapsdt";

const decoder = new TextDecoder();

/** The probes that an ELF file's notes name. Throws ElfError. */
export async function readUsdtProbes(elf: ElfReader): Promise<readonly UsdtProbe[]> {
  const section = elf.sections.find(
    ({ name, type }) => name === ".note.stapsdt" && type === sectionTypeNote,
  );
  if (section === undefined) return [];
  const base = elf.sections.find(({ name }) => name === ".stapsdt.base");
  const notes = await elf.readSection(section);
  return parseNotes(notes, elf.header).flatMap((note) => {
    // What linked the file may have moved it: the base section went along, the notes' addresses did not.
    const moved = base === undefined || note.base === 0n ? 0n : base.address - note.base;
    const fileOffset = elf.fileOffset(note.address + moved);
    if (fileOffset === undefined) return [];
    const semaphoreOffset =
      note.semaphore === 0n ? undefined : elf.dataOffset(note.semaphore + moved);
    const { provider, name, args } = note;
    return [{ provider, name, fileOffset, semaphoreOffset, args }];
  });
}

interface Note {
  readonly address: bigint;
  readonly base: bigint;
  readonly semaphore: bigint;
  readonly provider: string;
  readonly name: string;
  readonly args: string;
}

/** Elf_Nhdr: three words, then name and description, each padded to 4 bytes. */
function parseNotes(bytes: Uint8Array, header: ElfReader["header"]): readonly Note[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const isLittle = header.byteOrder === "little";
  const notes: Note[] = [];
  for (let at = 0; at + 12 <= bytes.length;) {
    const nameSize = view.getUint32(at, isLittle);
    const size = view.getUint32(at + 4, isLittle);
    const start = at + 12 + padded(nameSize);
    if (start + size > bytes.length) throw new ElfError("read .note.stapsdt: it ends in a note");
    const isOurs =
      view.getUint32(at + 8, isLittle) === noteType &&
      decoder.decode(bytes.subarray(at + 12, at + 12 + owner.length)) === owner;
    if (isOurs) notes.push(parseNote(bytes.subarray(start, start + size), header));
    at = start + padded(size);
  }
  return notes;
}

/** Three addresses, then three strings. */
function parseNote(bytes: Uint8Array, { wordBits, byteOrder }: ElfReader["header"]): Note {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const isLittle = byteOrder === "little";
  const wordBytes = wordBits / 8;
  const word = (index: number): bigint => {
    const at = index * wordBytes;
    if (at + wordBytes > bytes.length) throw new ElfError("read .note.stapsdt: a note is cut off");
    return wordBits === 32 ? BigInt(view.getUint32(at, isLittle)) : view.getBigUint64(at, isLittle);
  };
  const [address, base, semaphore] = [word(0), word(1), word(2)];
  const [provider = "", name = "", args = ""] = decoder
    .decode(bytes.subarray(3 * wordBytes))
    .split("\0");
  return { address, base, semaphore, provider, name, args };
}

function padded(size: number): number {
  return Math.ceil(size / 4) * 4;
}
