import { readFile } from "node:fs/promises";
import { type ObjectFile } from "../object/object-file.js";
import { parseObject } from "../object/parse-object.js";
import { type Target } from "../trace/target.js";
import { UsageError } from "./exit-code.js";

/** Reads an object, or compiles one from C for a target. Throws UsageError, ObjectError. */
export async function openObject(path: string, _target: Target | undefined): Promise<ObjectFile> {
  return await parseObject(await readBytes(path), path);
}

async function readBytes(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new UsageError(`object ${path}: ${why}`, { cause });
  }
}
