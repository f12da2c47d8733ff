import { cString } from "./c-string.js";
import { type ElfFunction, type ElfHeader } from "./elf-types.js";

// st_info's low half (elf.h).
const symbolTypes = { object: 1, function: 2, indirectFunction: 10 } as const;
const undefinedSection = 0;
const armMachine = 40;
/** In .gnu.version: not the version that a program linked today would get. */
const hiddenVersion = 0x8000;

export interface SymbolTable {
  readonly header: ElfHeader;
  readonly symbols: Uint8Array;
  readonly names: Uint8Array;
  readonly versions: Uint8Array | undefined;
  readonly fileOffset: (address: bigint) => bigint | undefined;
}

/** Adds a symbol table's defined functions to those known by name; a name that is known keeps its function. */
export function collectFunctions(functions: Map<string, ElfFunction>, table: SymbolTable): void {
  const { symbols, header } = table;
  const entrySize = header.wordBits === 32 ? 16 : 24;
  const isLittle = header.byteOrder === "little";
  const view = new DataView(symbols.buffer, symbols.byteOffset, symbols.byteLength);
  // Elf32_Sym: name, value, size, info, other, section. Elf64_Sym: name, info, other, section, value, size.
  const [infoAt, sectionAt] = header.wordBits === 32 ? [12, 14] : [4, 6];
  const older = new Map<string, ElfFunction>();
  for (let at = 0; at + entrySize <= symbols.length; at += entrySize) {
    const type = (symbols[at + infoAt] ?? 0) & 0xf;
    if (type !== symbolTypes.function && type !== symbolTypes.indirectFunction) continue;
    if (view.getUint16(at + sectionAt, isLittle) === undefinedSection) continue;
    const name = symbolName(table.names, view.getUint32(at, isLittle));
    if (name === "" || functions.has(name)) continue;
    const place = symbolPlace(view, at, header);
    const fileOffset = table.fileOffset(place.address);
    if (fileOffset === undefined) continue;
    const found = { name, fileOffset, ...place, isIndirect: type === symbolTypes.indirectFunction };
    if (isHidden(table, at / entrySize)) {
      if (!older.has(name)) older.set(name, found);
    } else {
      functions.set(name, found);
    }
  }
  for (const [name, found] of older) {
    if (!functions.has(name)) functions.set(name, found);
  }
}

/** The first function or variable of this name that a symbol table defines. */
export function findSymbol(table: SymbolTable, name: string): SymbolPlace | undefined {
  const { symbols, header } = table;
  const entrySize = header.wordBits === 32 ? 16 : 24;
  const isLittle = header.byteOrder === "little";
  const view = new DataView(symbols.buffer, symbols.byteOffset, symbols.byteLength);
  const [infoAt, sectionAt] = header.wordBits === 32 ? [12, 14] : [4, 6];
  const wanted: ReadonlySet<number> = new Set(Object.values(symbolTypes));
  for (let at = 0; at + entrySize <= symbols.length; at += entrySize) {
    if (!wanted.has((symbols[at + infoAt] ?? 0) & 0xf)) continue;
    if (view.getUint16(at + sectionAt, isLittle) === undefinedSection) continue;
    if (symbolName(table.names, view.getUint32(at, isLittle)) !== name) continue;
    return symbolPlace(view, at, header);
  }
  return undefined;
}

export interface SymbolPlace {
  readonly address: bigint;
  readonly sizeBytes: bigint;
  readonly isThumb: boolean;
}

function symbolPlace(view: DataView, at: number, header: ElfHeader): SymbolPlace {
  const isLittle = header.byteOrder === "little";
  if (header.wordBits === 64) {
    return {
      address: view.getBigUint64(at + 8, isLittle),
      sizeBytes: view.getBigUint64(at + 16, isLittle),
      isThumb: false,
    };
  }
  const value = view.getUint32(at + 4, isLittle);
  // Bit 0, in symbols of functions (ELF for the Arm Architecture, 5.5.3).
  const isThumb = header.machine === armMachine && (value & 1) !== 0;
  return {
    address: BigInt(isThumb ? value - 1 : value),
    sizeBytes: BigInt(view.getUint32(at + 8, isLittle)),
    isThumb,
  };
}

/** A full symbol table's names may end with a version, as "name@VERSION" or "name@@VERSION". */
function symbolName(names: Uint8Array, offset: number): string {
  const name = cString(names, offset);
  const version = name.indexOf("@");
  return version > 0 ? name.slice(0, version) : name;
}

function isHidden({ versions, header }: SymbolTable, symbol: number): boolean {
  if (versions === undefined || 2 * symbol + 2 > versions.length) return false;
  const view = new DataView(versions.buffer, versions.byteOffset, versions.byteLength);
  return (view.getUint16(2 * symbol, header.byteOrder === "little") & hiddenVersion) !== 0;
}
