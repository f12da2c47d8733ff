import { type CodeSymbols } from "./code-symbols.js";
import { type ElfReader } from "./elf-reader.js";
import { type ElfSection } from "./elf-types.js";

/** How a machine's procedure linkage table is laid out: a head, then an entry for each relocation. */
interface PltLayout {
  readonly headBytes: number;
  readonly entryBytes: number;
  /** Of Elf64_Rela (24 bytes), or Elf32_Rel (8). */
  readonly relocationBytes: number;
}

// e_machine: i386, x86-64, AArch64.
const layouts: ReadonlyMap<number, PltLayout> = new Map([
  [3, { headBytes: 16, entryBytes: 16, relocationBytes: 8 }],
  [62, { headBytes: 16, entryBytes: 16, relocationBytes: 24 }],
  [183, { headBytes: 32, entryBytes: 16, relocationBytes: 24 }],
]);
/** Names are worth so much of a line, and no more. */
const mostNameBytes = 262_144n;

/**
 * The entries by which a program calls functions of libraries, which no symbol table has: "malloc@plt". None for machines whose
 * tables are laid out in other ways, and where the names would be many. Throws ElfError.
 */
export async function readPltSymbols(elf: ElfReader): Promise<CodeSymbols | undefined> {
  const layout = layouts.get(elf.header.machine);
  const section = (name: string): ElfSection | undefined =>
    elf.sections.find((one) => one.name === name && one.sizeBytes > 0n);
  const relocations = section(".rela.plt") ?? section(".rel.plt");
  // Where branches are protected (IBT), calls go through a second table, which has no head.
  const second = section(".plt.sec");
  const table = second ?? section(".plt");
  if (layout === undefined || relocations === undefined || table === undefined) return undefined;
  const symbols = elf.sections[relocations.link];
  const names = symbols === undefined ? undefined : elf.sections[symbols.link];
  if (symbols === undefined || names === undefined || names.sizeBytes > mostNameBytes) {
    return undefined;
  }
  const [entries, symbolBytes, strings] = await Promise.all([
    elf.readSection(relocations),
    elf.readSection(symbols),
    elf.readSection(names),
  ]);
  const isLittle = elf.header.byteOrder === "little";
  const places = nameOffsets(entries, symbolBytes, layout, isLittle);
  const head = second === undefined ? layout.headBytes : 0;
  return columnsOf(places, strings, {
    start: Number(table.address) + head,
    entryBytes: layout.entryBytes,
    end: Number(table.address + table.sizeBytes),
  });
}

/** Of each relocation's symbol; 0 for one without a name. */
function nameOffsets(
  relocations: Uint8Array,
  symbols: Uint8Array,
  { relocationBytes }: PltLayout,
  isLittle: boolean,
): readonly number[] {
  const view = new DataView(relocations.buffer, relocations.byteOffset, relocations.length);
  const symbolView = new DataView(symbols.buffer, symbols.byteOffset, symbols.length);
  const is32 = relocationBytes === 8;
  const symbolBytes = is32 ? 16 : 24;
  return Array.from({ length: Math.floor(relocations.length / relocationBytes) }, (_, index) => {
    const at = index * relocationBytes;
    const symbol = is32
      ? view.getUint32(at + 4, isLittle) >>> 8
      : Number(view.getBigUint64(at + 8, isLittle) >> 32n);
    const place = symbol * symbolBytes;
    return place + 4 > symbols.length ? 0 : symbolView.getUint32(place, isLittle);
  });
}

const suffix = "@plt";

function columnsOf(
  places: readonly number[],
  strings: Uint8Array,
  table: { readonly start: number; readonly entryBytes: number; readonly end: number },
): CodeSymbols {
  const decoder = new TextDecoder();
  const rows = places.flatMap((place, index) => {
    const address = table.start + index * table.entryBytes;
    const nameEnd = strings.indexOf(0, place);
    if (place === 0 || nameEnd <= place || address + table.entryBytes > table.end) return [];
    return [{ address, name: `${decoder.decode(strings.subarray(place, nameEnd))}${suffix}\0` }];
  });
  let at = 0;
  const names = rows.map(({ name }) => {
    const start = at;
    at += new TextEncoder().encode(name).length;
    return start;
  });
  return {
    count: rows.length,
    addresses: Float64Array.from(rows, ({ address }) => address),
    sizes: new Float64Array(rows.length).fill(table.entryBytes),
    limits: new Float64Array(rows.length).fill(table.end),
    ranks: new Uint8Array(rows.length),
    names: Uint32Array.from(names),
    strings: new TextEncoder().encode(rows.map(({ name }) => name).join("")),
  };
}
