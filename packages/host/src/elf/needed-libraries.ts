import { requireCString } from "./c-string.js";
import { type ElfReader } from "./elf-reader.js";

/** What the dynamic linker loads with a file. */
export interface NeededLibraries {
  /** As the file names them: "libc.so.6". */
  readonly names: readonly string[];
  /** Where the file says to look first; $ORIGIN is its own folder. */
  readonly folders: readonly string[];
  /** The dynamic linker itself. */
  readonly interpreter: string | undefined;
}

const dynamicSection = 6;
/** Of the dynamic section (elf.h). */
const tags = { needed: 1n, rpath: 15n, runpath: 29n } as const;

/** Reads the dynamic section: nothing of a file that is linked statically. Throws ElfError. */
export async function readNeededLibraries(elf: ElfReader): Promise<NeededLibraries> {
  const interpreter = elf.sections.find(({ name }) => name === ".interp");
  const dynamic = elf.sections.find(({ type }) => type === dynamicSection);
  const strings = dynamic === undefined ? undefined : elf.sections[dynamic.link];
  if (dynamic === undefined || strings === undefined) {
    return { names: [], folders: [], interpreter: undefined };
  }
  const [bytes, text] = await Promise.all([elf.readSection(dynamic), elf.readSection(strings)]);
  const stringAt = (from: Uint8Array, offset: number): string =>
    requireCString(from, offset, "read the dynamic section");
  const entries = [...readEntries(bytes, elf.header)];
  const named = (tag: bigint): readonly string[] =>
    entries.filter((entry) => entry.tag === tag).map(({ value }) => stringAt(text, Number(value)));
  return {
    names: named(tags.needed),
    folders: [...named(tags.runpath), ...named(tags.rpath)].flatMap((list) => list.split(":")),
    interpreter:
      interpreter === undefined ? undefined : stringAt(await elf.readSection(interpreter), 0),
  };
}

function* readEntries(
  bytes: Uint8Array,
  { wordBits, byteOrder }: ElfReader["header"],
): Generator<{ readonly tag: bigint; readonly value: bigint }> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isLittle = byteOrder === "little";
  const word = (at: number): bigint =>
    wordBits === 64 ? view.getBigUint64(at, isLittle) : BigInt(view.getUint32(at, isLittle));
  const wordBytes = wordBits / 8;
  for (let at = 0; at + 2 * wordBytes <= bytes.length; at += 2 * wordBytes) {
    yield { tag: word(at), value: word(at + wordBytes) };
  }
}
