import { readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { crc32 } from "node:zlib";
import { readBuildId } from "../elf/build-id.js";
import { isStripped } from "../elf/code-symbols.js";
import { type DebugLink } from "../elf/debug-link.js";
import { ElfError } from "../elf/elf-error.js";
import { type ElfReader } from "../elf/elf-reader.js";
import { fetchDebugFile, type DebuginfodOptions } from "./debuginfod.js";
import { readElfFile } from "./elf-file.js";

/** Where this machine may have the symbols of a target's stripped programs. */
export interface DebugSources {
  /** Folders with debug files (--debug-dir). */
  readonly folders: readonly string[];
  /** The target's file system as it was built, programs unstripped (--sysroot). */
  readonly sysroot: string | undefined;
  readonly debuginfod: DebuginfodOptions;
}

/** A stripped program or library of a target. */
export interface StrippedFile {
  /** In hexadecimal; "" for none. */
  readonly buildId: string;
  /** As the process calls it. */
  readonly path: string;
  readonly link: DebugLink | undefined;
}

/** Finds the symbols of stripped files on this machine, and with debuginfod servers. */
export class DebugFiles {
  readonly #sources: DebugSources;

  constructor(sources: DebugSources) {
    this.#sources = sources;
  }

  /** Whether there is anywhere to look. */
  get isEmpty(): boolean {
    const { folders, sysroot, debuginfod } = this.#sources;
    return folders.length === 0 && sysroot === undefined && debuginfod.urls.length === 0;
  }

  /** What `use` makes of the first file that is of the same build and has its symbols; undefined when there is none. */
  async use<T>(file: StrippedFile, use: (elf: ElfReader) => Promise<T>): Promise<T | undefined> {
    for (const path of this.#candidates(file)) {
      const result = await this.#tryFile(path, file, use);
      if (result !== undefined) return result;
    }
    const { debuginfod } = this.#sources;
    const fetched =
      file.buildId === "" ? undefined : await fetchDebugFile(debuginfod, file.buildId);
    return fetched === undefined ? undefined : await this.#tryFile(fetched, file, use);
  }

  #candidates({ buildId, path, link }: StrippedFile): readonly string[] {
    const { folders, sysroot } = this.#sources;
    const byId =
      buildId === "" ? [] : [`.build-id/${buildId.slice(0, 2)}/${buildId.slice(2)}.debug`];
    const linked = link === undefined ? [] : [join(dirname(path), link.name), link.name];
    const names = [
      ...byId,
      ...linked,
      `${path}.debug`,
      path,
      `${basename(path)}.debug`,
      basename(path),
    ];
    const inFolders = folders.flatMap((folder) => names.map((name) => join(folder, name)));
    if (sysroot === undefined) return inFolders;
    const debug = join(sysroot, "usr/lib/debug");
    return [
      ...inFolders,
      join(sysroot, path),
      ...[...byId, ...linked, `${path}.debug`].map((name) => join(debug, name)),
      ...(link === undefined ? [] : [join(sysroot, dirname(path), ".debug", link.name)]),
    ];
  }

  async #tryFile<T>(
    path: string,
    file: StrippedFile,
    use: (elf: ElfReader) => Promise<T>,
  ): Promise<T | undefined> {
    try {
      return await readElfFile(path, async (elf) => {
        const isOf = !isStripped(elf) && (await isSameBuild(path, elf, file));
        return isOf ? await use(elf) : undefined;
      });
    } catch (error) {
      // There is no such file, or no ELF file: most candidates are not there.
      if (error instanceof ElfError || isFileError(error)) return undefined;
      throw error;
    }
  }
}

async function isSameBuild(
  path: string,
  elf: ElfReader,
  { buildId, link }: StrippedFile,
): Promise<boolean> {
  if (buildId !== "") return (await readBuildId(elf)) === buildId;
  if (link === undefined) return false;
  return crc32(await readFile(path)) === link.checksum;
}

function isFileError(error: unknown): boolean {
  return typeof error === "object" && error !== null && "code" in error;
}
