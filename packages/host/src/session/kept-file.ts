import { encodeUtf8, Sha256 } from "@sonde/protocol";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/** A file's name that tells one from another by these. (Not by Node's crypto, which takes longer to load than this.) */
export function keptName(parts: readonly unknown[]): string {
  const digest = new Sha256().update(encodeUtf8(JSON.stringify(parts))).digest();
  return Buffer.from(digest).toString("hex").slice(0, 32);
}

/** What is kept in a file of the cache; undefined when nothing is. */
export function readKeptFile(path: string): Uint8Array | undefined {
  return unlessFileError(() => readFileSync(path));
}

/** Keeps it, whole or not at all: a laptop whose home cannot be written to asks again each time. */
export function keepFile(path: string, content: Uint8Array | string): void {
  const temporary = `${path}.${process.pid}`;
  unlessFileError(() => {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(temporary, content);
    renameSync(temporary, path);
  });
}

/** What an action on a file gives; undefined when the file system refuses. */
export function unlessFileError<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    // Not `instanceof Error`: under jest it is of another realm.
    if (typeof error === "object" && error !== null && "code" in error) return undefined;
    throw error;
  }
}
