import { parseKeyFile } from "@sonde/protocol";
import { type System } from "../system/system.js";
import { readInputFile } from "./input-file.js";
import { type Runtime } from "./runtime.js";
import { UsageError } from "./usage-error.js";

const newKeySizeBytes = 32;
const fileLimitBytes = 4096;

/** A new key, in hexadecimal. */
export function generateKey(runtime: Pick<Runtime, "randomBytes">): string {
  const bytes = [...runtime.randomBytes(newKeySizeBytes)];
  return bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The key in a file. Throws UsageError when it is too short, cannot be read, or others could have read it. */
export function readKeyFile(system: System, path: string): Uint8Array {
  const file = { what: "key file", path, limitBytes: fileLimitBytes, isSecret: true };
  const parsed = parseKeyFile(readInputFile(system, file));
  if (parsed.kind === "problem") throw new UsageError(`key file ${path} ${parsed.problem}`);
  return parsed.key;
}
