import { randomBytes } from "node:crypto";
import { parseKeyFile } from "@sonde/protocol";
import { UsageError } from "./command-line.js";
import { readInputFile } from "./input-file.js";

const newKeySizeBytes = 32;
const fileLimitBytes = 4096;

/** A new key, in hexadecimal. */
export function generateKey(): string {
  return randomBytes(newKeySizeBytes).toString("hex");
}

/** The key in a file. Throws UsageError when it is too short, cannot be read, or others could have read it. */
export function readKeyFile(path: string): Uint8Array {
  const file = { what: "key file", path, limitBytes: fileLimitBytes, isSecret: true };
  const parsed = parseKeyFile(readInputFile(file));
  if (parsed.kind === "problem") throw new UsageError(`key file ${path} ${parsed.problem}`);
  return parsed.key;
}
