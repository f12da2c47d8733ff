import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { dirname, isAbsolute, join } from "node:path";
import { type SourceFile, type SourceFiles } from "../language/syntax/source-set.js";

/** Files of this machine: beside the file that names them, else in the working folder, and headers in the given folders. */
export class ScriptFiles implements SourceFiles {
  readonly #script: string | undefined;
  readonly #headerFolders: readonly string[];

  /** `script`: the path of the program itself, when it is a file. */
  constructor(script: string | undefined, headerFolders: readonly string[]) {
    this.#script = script;
    this.#headerFolders = headerFolders;
  }

  imported(name: string, from: string | undefined): readonly SourceFile[] | undefined {
    const path = findIn(this.#folders(from), name);
    if (path === undefined) return undefined;
    if (!statSync(path).isDirectory()) return [readSource(path)];
    return readdirSync(path)
      .filter((file) => /\.(bt|h)$/.test(file))
      .sort()
      .map((file) => readSource(join(path, file)));
  }

  included(name: string, from: string | undefined): SourceFile | undefined {
    const path = findIn([...this.#folders(from), ...this.#headerFolders], name);
    return path === undefined || statSync(path).isDirectory() ? undefined : readSource(path);
  }

  #folders(from: string | undefined): readonly string[] {
    const file = from ?? this.#script;
    return file === undefined ? ["."] : [dirname(file), "."];
  }
}

function findIn(folders: readonly string[], name: string): string | undefined {
  if (isAbsolute(name)) return existsSync(name) ? name : undefined;
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

/** By its real path, so that a file that is named in two ways is read once. */
function readSource(path: string): SourceFile {
  return { path: realpathSync(path), text: readFileSync(path, "utf8") };
}
