import { DebugInfo } from "../dwarf/debug-info.js";
import { type DebugSections, readDebugSections } from "../dwarf/debug-entries.js";
import { DwarfError } from "../dwarf/dwarf-error.js";
import { readLines, type SourceLine } from "../dwarf/line-table.js";
import { type ElfReader } from "../elf/elf-reader.js";
import { readDebugSection } from "./debug-section.js";
import { TargetError } from "./errors.js";

/** What the debug information of a target's ELF files says, each read once. Throws ElfError, RemoteError, TargetError. */
export class UserDebugInfo {
  readonly #open: (path: string) => Promise<ElfReader>;
  readonly #sections = new Map<string, Promise<DebugSections | undefined>>();
  readonly #infos = new Map<string, Promise<DebugInfo | undefined>>();

  constructor(open: (path: string) => Promise<ElfReader>) {
    this.#open = open;
  }

  /** Undefined when the file has none. */
  async info(path: string): Promise<DebugInfo | undefined> {
    return await once(this.#infos, path, async () => {
      const sections = await this.#sectionsOf(path);
      return sections === undefined
        ? undefined
        : reading(path, () => new DebugInfo(path, sections));
    });
  }

  /**
   * Where the code of a line begins: of the first line from there on that has code. `source`: the end of the file's path.
   * Throws TargetError.
   */
  async line(
    path: string,
    wanted: { readonly source: string; readonly line: number; readonly column: number },
  ): Promise<
    { readonly address: bigint } | { readonly lacks: "debug information" | "file" | "line" }
  > {
    const sections = await this.#sectionsOf(path);
    if (sections === undefined) return { lacks: "debug information" };
    return reading(path, () => {
      const all = [...readLines(sections)].filter(({ file }) => isFile(file, wanted.source));
      if (all.length === 0) return { lacks: "file" };
      const found = all.filter(
        ({ line, column }) =>
          line === wanted.line && (wanted.column === 0 || column === wanted.column),
      );
      const first = found.reduce<SourceLine | undefined>(
        (least, one) => (least === undefined || one.address < least.address ? one : least),
        undefined,
      );
      return first === undefined ? { lacks: "line" } : { address: first.address };
    });
  }

  async #sectionsOf(path: string): Promise<DebugSections | undefined> {
    return await once(this.#sections, path, async () => {
      const elf = await this.#open(path);
      return await readDebugSections(
        elf.header.byteOrder,
        async (name) => await readDebugSection(path, elf, name),
      );
    });
  }
}

function isFile(file: string, source: string): boolean {
  return file === source || file.endsWith(`/${source.replace(/^(\.\/)+/, "")}`);
}

/** Debug information that cannot be understood is the file's fault. */
function reading<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (!(cause instanceof DwarfError)) throw cause;
    throw new TargetError(`${path}: its debug information cannot be read: ${cause.message}`, {
      cause,
    });
  }
}

async function once<T>(
  known: Map<string, Promise<T>>,
  key: string,
  make: () => Promise<T>,
): Promise<T> {
  let made = known.get(key);
  if (made === undefined) {
    made = make();
    known.set(key, made);
  }
  return await made;
}
