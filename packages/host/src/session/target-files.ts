import { type TypeReader } from "../btf/type-reader.js";

/** Files of a target that say what can be traced there: as its agent gives them, or as they were recorded. */
export interface TargetFiles {
  /** A text file that does not change while we look. */
  text(path: string): Promise<string>;
  /** Its lines that match a pattern with * and ?. */
  lines(path: string, pattern: string): Promise<readonly string[]>;
  /** A small text file as it is now; `undefined` when it is not there. */
  textNow(path: string): Promise<string | undefined>;
  /** The path with its links followed; `undefined` when there is no such file. */
  resolve(path: string): Promise<string | undefined>;
  /** A file's number within its file system, and its size; `undefined` when there is no such file. */
  status(path: string): Promise<{ readonly inode: bigint; readonly sizeBytes: bigint } | undefined>;
  /** A part of a file; fewer bytes at its end. */
  readPart(path: string, offset: number, length: number): Promise<Uint8Array>;
  /** The whole file, which may be one that was kept. */
  readKept(path: string): Promise<Uint8Array>;
  /** Names in a directory, sorted. */
  list(path: string): Promise<readonly string[]>;
}

/** Types of a target's kernel, wherever they come from. */
export interface TargetTypes {
  /** What a question has for an answer; undefined when there are no types. It may be called more than once. */
  ask<T>(question: (types: TypeReader) => T): Promise<T | undefined>;
}
