import { isStripped, joinCodeSymbols, readCodeSymbols } from "../elf/code-symbols.js";
import { readDebugData } from "../elf/debug-data.js";
import { type ElfReader } from "../elf/elf-reader.js";
import { readPltSymbols } from "../elf/plt-symbols.js";
import { CodeSymbolTable, type FoundSymbol } from "./code-symbol-table.js";
import { addressOf, codeParts, type LoadedPart } from "./loaded-parts.js";
import { type CodeImage } from "./user-symbols.js";

/** The symbols of an ELF file, wherever it is mapped: position-independent or not. */
export class ElfImage implements CodeImage {
  readonly #parts: readonly LoadedPart[];
  readonly #symbols: CodeSymbolTable;

  private constructor(parts: readonly LoadedPart[], symbols: CodeSymbolTable) {
    this.#parts = parts;
    this.#symbols = symbols;
  }

  /** `debug`: the file that has the symbols, when that is another. Throws ElfError. */
  static async read(elf: ElfReader, debug: ElfReader = elf): Promise<ElfImage> {
    return new ElfImage(codeParts(elf.segments), await readTable(elf, debug));
  }

  /** This file's symbols from another, which has them all. Throws ElfError. */
  async withSymbolsOf(debug: ElfReader): Promise<ElfImage> {
    return new ElfImage(this.#parts, await readTable(debug, debug));
  }

  /** What `encode` made; undefined for anything else. */
  static decode(bytes: Uint8Array): ElfImage | undefined {
    const parts = decodeParts(bytes);
    const symbols =
      parts === undefined
        ? undefined
        : CodeSymbolTable.decode(bytes.subarray(headerSizeBytes + parts.length * partSizeBytes));
    return parts === undefined || symbols === undefined ? undefined : new ElfImage(parts, symbols);
  }

  /** As bytes that can be kept on this machine. */
  encode(): Uint8Array {
    const symbols = this.#symbols.encode();
    const tableAt = headerSizeBytes + this.#parts.length * partSizeBytes;
    const bytes = new Uint8Array(tableAt + symbols.length);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, magic);
    view.setUint32(4, this.#parts.length);
    for (const [index, { fileOffset, address, sizeBytes }] of this.#parts.entries()) {
      const at = headerSizeBytes + index * partSizeBytes;
      view.setFloat64(at, fileOffset);
      view.setFloat64(at + 8, address);
      view.setFloat64(at + 16, sizeBytes);
    }
    bytes.set(symbols, tableAt);
    return bytes;
  }

  resolve(fileOffset: bigint): FoundSymbol | undefined {
    const address = addressOf(this.#parts, fileOffset);
    return address === undefined ? undefined : this.#symbols.resolve(address);
  }
}

/** Says which version of this format it is. */
const magic = 0x534f_4e03;
const headerSizeBytes = 8;
/** Three doubles. */
const partSizeBytes = 24;

function decodeParts(bytes: Uint8Array): readonly LoadedPart[] | undefined {
  if (bytes.length < headerSizeBytes) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const count = view.getUint32(4);
  if (view.getUint32(0) !== magic || headerSizeBytes + count * partSizeBytes > bytes.length) {
    return undefined;
  }
  return Array.from({ length: count }, (_, index) => {
    const at = headerSizeBytes + index * partSizeBytes;
    return {
      fileOffset: view.getFloat64(at),
      address: view.getFloat64(at + 8),
      sizeBytes: view.getFloat64(at + 16),
    };
  });
}

/** Functions, and the entries by which others' are called. */
async function readTable(elf: ElfReader, debug: ElfReader): Promise<CodeSymbolTable> {
  const parts = await Promise.all([
    readCodeSymbols(debug),
    readPltSymbols(elf),
    isStripped(debug) ? readDebugData(debug) : undefined,
  ]);
  return CodeSymbolTable.of(parts.filter((one) => one !== undefined).reduce(joinCodeSymbols));
}
