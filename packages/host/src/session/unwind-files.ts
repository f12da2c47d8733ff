import { DwarfError } from "../dwarf/dwarf-error.js";
import { readCallFrames } from "../dwarf/call-frames.js";
import { type FrameRegisters } from "../dwarf/frame-program.js";
import { ElfError } from "../elf/elf-error.js";
import { type ElfReader } from "../elf/elf-reader.js";
import { readNeededLibraries } from "../elf/needed-libraries.js";
import { type UnwindFile, type UnwindTable } from "../spec/unwind-table.js";
import { type TargetFiles } from "./target-files.js";
import { type UserFiles } from "./user-files.js";

/** By e_machine: numbers of registers in the psABI of x86-64 and AArch64. */
const registersOf: ReadonlyMap<number, FrameRegisters> = new Map([
  [62, { stack: 7, frame: 6, returnAddress: 16 }],
  [183, { stack: 31, frame: 29, returnAddress: 30 }],
]);

/** How to unwind what a process runs, from the section .eh_frame of its files, which stripped ones have too. */
export class UnwindFiles {
  readonly #files: Pick<TargetFiles, "status">;
  readonly #userFiles: Pick<UserFiles, "resolve" | "match">;
  readonly #open: (path: string) => Promise<ElfReader>;

  constructor(
    files: Pick<TargetFiles, "status">,
    userFiles: Pick<UserFiles, "resolve" | "match">,
    open: (path: string) => Promise<ElfReader>,
  ) {
    this.#files = files;
    this.#userFiles = userFiles;
    this.#open = open;
  }

  /** Of the files that processes run code of, of programs, and of all libraries that either are linked with. Throws RemoteError. */
  async of(pids: readonly number[], programs: readonly string[]): Promise<readonly UnwindFile[]> {
    const mapped = await Promise.all(pids.map((pid) => this.#userFiles.match("*", pid)));
    const named = await Promise.all(programs.map((name) => this.#userFiles.resolve(name)));
    const waiting = [...mapped.flat(), ...named.filter((path) => path !== undefined)];
    const seen = new Set<string>();
    const found: UnwindFile[] = [];
    for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
      if (seen.has(path)) continue;
      seen.add(path);
      const read = await this.#read(path);
      if (read === undefined) continue;
      found.push(...read.files);
      waiting.push(...read.libraries);
    }
    return found;
  }

  /** Undefined for what is no ELF file, or none that can be understood. */
  async #read(
    path: string,
  ): Promise<
    { readonly files: readonly UnwindFile[]; readonly libraries: readonly string[] } | undefined
  > {
    try {
      const elf = await this.#open(path);
      const [status, table, libraries] = await Promise.all([
        this.#files.status(path),
        readTable(elf),
        this.#libraries(path, elf),
      ]);
      const isKnown = status !== undefined && table !== undefined && table.starts.length > 0;
      return { files: isKnown ? [{ ...status, table }] : [], libraries };
    } catch (error) {
      if (error instanceof ElfError || error instanceof DwarfError) return undefined;
      throw error;
    }
  }

  async #libraries(path: string, elf: ElfReader): Promise<readonly string[]> {
    const { names, folders, interpreter } = await readNeededLibraries(elf);
    const origin = path.slice(0, path.lastIndexOf("/"));
    const own = folders.map((folder) => folder.replace(/\$(ORIGIN|\{ORIGIN\})/g, origin));
    const find = async (name: string): Promise<string | undefined> => {
      for (const folder of name.includes("/") ? [] : own) {
        const found = await this.#userFiles.resolve(`${folder}/${name}`);
        if (found !== undefined) return found;
      }
      return await this.#userFiles.resolve(name);
    };
    const all = interpreter === undefined ? names : [...names, interpreter];
    const paths = await Promise.all(all.map(find));
    return paths.filter((one) => one !== undefined);
  }
}

/** By places in the file: a program that is traced tells where its code is mapped from. */
async function readTable(elf: ElfReader): Promise<UnwindTable | undefined> {
  const section = elf.sections.find(({ name }) => name === ".eh_frame");
  const registers = registersOf.get(elf.header.machine);
  if (section === undefined || registers === undefined) return undefined;
  const { byteOrder, wordBits } = elf.header;
  const bytes = await elf.readSection(section);
  const table = readCallFrames({ bytes, address: section.address, byteOrder, wordBits, registers });
  // Of nearly every file the code is in one segment.
  const parts = elf.codeRanges().map(({ address, sizeBytes, fileOffset }) => {
    const isWithin = (start: number): boolean => start >= address && start <= address + sizeBytes;
    const [from, to] = [table.starts.findIndex(isWithin), table.starts.findLastIndex(isWithin) + 1];
    const starts = table.starts.slice(Math.max(0, from), to);
    return {
      starts: starts.map((start) => start - address + fileOffset),
      ruleOf: table.ruleOf.slice(Math.max(0, from), to),
    };
  });
  parts.sort((one, other) => (one.starts[0] ?? 0) - (other.starts[0] ?? 0));
  return {
    starts: Float64Array.from(parts.flatMap(({ starts }) => [...starts])),
    ruleOf: Uint16Array.from(parts.flatMap(({ ruleOf }) => [...ruleOf])),
    rules: table.rules,
  };
}
