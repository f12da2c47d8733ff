import { encodeUtf8 } from "@sonde/protocol";

/** What is under a path: a file's contents, or where a link leads. Directories are whatever has something below. */
export type FakeEntry = string | Uint8Array | { readonly link: string };

export interface FakeFile {
  /** With every link followed. */
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly isDirectory: boolean;
}

/** A tree of files that exists in a test only. */
export class FakeFiles {
  readonly #entries = new Map<string, FakeEntry>();

  set(path: string, entry: FakeEntry): void {
    this.#entries.set(path, entry);
  }

  remove(path: string): void {
    this.#entries.delete(path);
  }

  /** `undefined` when there is none. */
  open(path: string): FakeFile | undefined {
    const resolved = this.#resolve(path);
    if (resolved === undefined) return undefined;
    const entry = this.#entries.get(resolved);
    if (entry === undefined) {
      const isDirectory = this.list(resolved).length > 0;
      return isDirectory ? { path: resolved, bytes: new Uint8Array(0), isDirectory } : undefined;
    }
    // Links were followed.
    const contents = entry as string | Uint8Array;
    const bytes = typeof contents === "string" ? encodeUtf8(contents) : contents;
    return { path: resolved, bytes, isDirectory: false };
  }

  list(path: string): string[] {
    const prefix = path === "/" ? "/" : `${path}/`;
    const names = [...this.#entries.keys()]
      .filter((name) => name.startsWith(prefix))
      .map((name) => name.slice(prefix.length).split("/")[0] ?? "");
    return [...new Set(names)];
  }

  #resolve(path: string): string | undefined {
    let rest = path.split("/").filter((part) => part !== "");
    let resolved = "";
    for (let steps = 0; rest.length > 0; steps++) {
      if (steps > 100) return undefined;
      const [part = "", ...others] = rest;
      rest = others;
      if (part === ".") continue;
      if (part === "..") {
        resolved = resolved.slice(0, Math.max(0, resolved.lastIndexOf("/")));
        continue;
      }
      const next = `${resolved}/${part}`;
      const entry = this.#entries.get(next);
      if (typeof entry === "object" && "link" in entry) {
        const target = entry.link.split("/").filter((name) => name !== "");
        if (entry.link.startsWith("/")) resolved = "";
        rest = [...target, ...rest];
      } else {
        resolved = next;
      }
    }
    return resolved === "" ? "/" : resolved;
  }
}
