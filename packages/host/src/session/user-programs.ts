import { ElfError } from "../elf/elf-error.js";
import { isInstructionStart, longestInstructionBytes } from "../elf/instruction-start.js";
import { ElfReader, type ElfFunction } from "../elf/elf-reader.js";
import { readUsdtProbes, type UsdtProbe } from "../elf/usdt-notes.js";
import { readFunctions } from "./kept-functions.js";
import { UserDebugInfo } from "./user-debug-info.js";
import { type TargetFiles } from "./target-files.js";

/** What the ELF files of a target say, each read once. Throws ElfError, RemoteError. */
export class UserPrograms {
  readonly #files: Pick<TargetFiles, "readPart">;
  readonly debugInfo = new UserDebugInfo((path) => this.open(path));
  readonly #readers = new Map<string, Promise<ElfReader>>();
  readonly #functions = new Map<string, Promise<readonly ElfFunction[]>>();

  constructor(files: Pick<TargetFiles, "readPart">) {
    this.#files = files;
  }

  /** Whether it is an ELF file. */
  async isProgram(path: string): Promise<boolean> {
    try {
      await this.open(path);
      return true;
    } catch (error) {
      if (error instanceof ElfError) return false;
      throw error;
    }
  }

  async functions(path: string): Promise<readonly ElfFunction[]> {
    let functions = this.#functions.get(path);
    if (functions === undefined) {
      functions = this.open(path).then(readFunctions);
      this.#functions.set(path, functions);
    }
    return await functions;
  }

  /** The function that a place in the file is in, where one is known. */
  async functionAt(path: string, fileOffset: bigint): Promise<ElfFunction | undefined> {
    const functions = await this.functions(path);
    return functions.find(
      (one) => one.fileOffset <= fileOffset && fileOffset < one.fileOffset + one.sizeBytes,
    );
  }

  /** Whether an instruction begins at a place in the file; undefined when that cannot be said. */
  async isInstructionStart(path: string, fileOffset: bigint): Promise<boolean | undefined> {
    const found = await this.functionAt(path, fileOffset);
    if (found === undefined) return undefined;
    const distance = Number(fileOffset - found.fileOffset);
    const size = distance + longestInstructionBytes;
    const code = await this.#files.readPart(path, Number(found.fileOffset), size);
    return isInstructionStart(code, distance, (await this.open(path)).header);
  }

  /** Where the instruction at an address is in the file; undefined when it is in none. */
  async fileOffset(path: string, address: bigint): Promise<bigint | undefined> {
    return (await this.open(path)).fileOffset(address);
  }

  /** Of its code's addresses and registers. */
  async wordBits(path: string): Promise<32 | 64> {
    return (await this.open(path)).header.wordBits;
  }

  /** How far behind the instruction at a place in the file a function or variable is, in bytes. */
  async symbolFrom(
    path: string,
    name: string,
    instruction: bigint,
  ): Promise<{ readonly distanceBytes: bigint | undefined; readonly sizeBytes: bigint }> {
    const elf = await this.open(path);
    const [symbol, from] = [await elf.symbol(name), elf.codeAddress(instruction)];
    const isKnown = symbol !== undefined && from !== undefined;
    return {
      distanceBytes: isKnown ? symbol.address - from : undefined,
      sizeBytes: symbol?.sizeBytes ?? 0n,
    };
  }

  async usdtProbes(path: string): Promise<readonly UsdtProbe[]> {
    return await readUsdtProbes(await this.open(path));
  }

  /** Reads the file's headers. */
  async open(path: string): Promise<ElfReader> {
    let reader = this.#readers.get(path);
    if (reader === undefined) {
      reader = ElfReader.open((offset, length) => this.#files.readPart(path, offset, length));
      this.#readers.set(path, reader);
    }
    return await reader;
  }
}
