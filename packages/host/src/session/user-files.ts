import { RemoteError } from "@sonde/protocol";
import { readdirSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { parseLdSoCache, resolveLibrary, type CachedLibrary } from "../elf/ld-so-cache.js";
import { TargetError } from "./errors.js";
import { globToRegExp } from "../language/glob.js";
import { librariesInFolders } from "./library-folders.js";
import { type TargetFiles } from "./target-files.js";

/** Where programs are that are called by their name alone. */
const programFolders = [
  "/usr/local/sbin",
  "/usr/local/bin",
  "/usr/sbin",
  "/usr/bin",
  "/sbin",
  "/bin",
  "/system/bin",
];

/** Finds the files of programs and libraries of a target by what people call them. Throws RemoteError. */
export class UserFiles {
  readonly #files: Pick<TargetFiles, "list" | "resolve" | "readKept" | "textNow">;
  readonly #workingFolder: string | undefined;
  #libraries: Promise<readonly CachedLibrary[]> | undefined;

  /** `workingFolder`: what relative paths start from, when the target is this machine. */
  constructor(
    files: Pick<TargetFiles, "list" | "resolve" | "readKept" | "textNow">,
    workingFolder: string | undefined,
  ) {
    this.#files = files;
    this.#workingFolder = workingFolder;
  }

  /** The full path of "/bin/bash", "./a.out", "libc" or "bash"; undefined when there is no such file. */
  async resolve(name: string): Promise<string | undefined> {
    if (name.includes("/")) {
      const path = this.#absolute(name);
      return path === undefined ? undefined : await this.#tryResolve(path);
    }
    const library = await this.library(name);
    if (library !== undefined) return await this.#files.resolve(library);
    const found = await Promise.all(
      programFolders.map((folder) => this.#tryResolve(`${folder}/${name}`)),
    );
    return found.find((path) => path !== undefined);
  }

  /** Where a library is that is called by its name alone, before links are followed. */
  async library(name: string): Promise<string | undefined> {
    return name.includes("/") ? undefined : resolveLibrary(await this.#knownLibraries(), name);
  }

  /**
   * Full paths of the ELF files that match a pattern, each once: a path with wildcards; or a name with some, which is of a
   * library or, when a process is given, of any file that it runs code of.
   */
  async match(pattern: string, pid?: number): Promise<readonly string[]> {
    const candidates = pattern.includes("/")
      ? await this.#expand(pattern)
      : await this.#matchNames(pattern, pid);
    const resolved = await Promise.all(candidates.map((path) => this.#tryResolve(path)));
    return [...new Set(resolved.filter((path) => path !== undefined))].sort();
  }

  async #matchNames(pattern: string, pid: number | undefined): Promise<readonly string[]> {
    const paths =
      pid === undefined
        ? (await this.#knownLibraries()).map(({ path }) => path)
        : await this.#mappedBy(pid);
    const expression = globToRegExp(pattern);
    return paths.filter((path) => expression.test(path.slice(path.lastIndexOf("/") + 1)));
  }

  /** "ADDRESSES r-xp OFFSET DEVICE INODE    PATH" of /proc/PID/maps. */
  async #mappedBy(pid: number): Promise<readonly string[]> {
    const maps = await this.#files.textNow(`/proc/${pid}/maps`);
    if (maps === undefined) throw new TargetError(`there is no process ${pid} on the target`);
    return maps.split("\n").flatMap((line) => {
      const path = /^\S+ ..x. \S+ \S+ \d+ +(\/.*)$/.exec(line)?.[1];
      return path === undefined ? [] : [path];
    });
  }

  async #expand(pattern: string): Promise<readonly string[]> {
    const path = this.#absolute(pattern);
    if (path === undefined) return [];
    let folders = [""];
    for (const part of path.split("/").slice(1)) {
      const below = await Promise.all(folders.map((folder) => this.#matchPart(folder, part)));
      folders = below.flat();
    }
    return folders;
  }

  async #matchPart(folder: string, part: string): Promise<readonly string[]> {
    if (!/[*?]/.test(part)) return [`${folder}/${part}`];
    const expression = globToRegExp(part);
    const names = await this.#list(folder === "" ? "/" : folder);
    return names.filter((name) => expression.test(name)).map((name) => `${folder}/${name}`);
  }

  async #list(folder: string): Promise<readonly string[]> {
    if (this.#workingFolder !== undefined) return listHere(folder);
    try {
      return await this.#files.list(folder);
    } catch (error) {
      if (!(error instanceof RemoteError)) throw error;
      if (error.code === "missing") return [];
      if (error.code !== "forbidden") throw error;
      throw new TargetError(`the agent does not let ${folder} be listed`, {
        hint: "wildcards can stand in the names of libraries and in their folders: name the file",
        cause: error,
      });
    }
  }

  /** Undefined also for what is no ELF file: the agent lets no others be read. */
  async #tryResolve(path: string): Promise<string | undefined> {
    try {
      return await this.#files.resolve(path);
    } catch (error) {
      if (error instanceof RemoteError && error.code === "forbidden") return undefined;
      throw error;
    }
  }

  #absolute(path: string): string | undefined {
    if (isAbsolute(path)) return path;
    return this.#workingFolder === undefined ? undefined : join(this.#workingFolder, path);
  }

  async #knownLibraries(): Promise<readonly CachedLibrary[]> {
    this.#libraries ??= this.#readLibraries();
    return await this.#libraries;
  }

  async #readLibraries(): Promise<readonly CachedLibrary[]> {
    try {
      return parseLdSoCache(await this.#files.readKept("/etc/ld.so.cache"));
    } catch (error) {
      if (!(error instanceof RemoteError) || error.code !== "missing") throw error;
      return await librariesInFolders(this.#files);
    }
  }
}

/** None of what cannot be listed. */
function listHere(folder: string): readonly string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}
