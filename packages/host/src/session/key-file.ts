import { parseKeyFile } from "@sonde/protocol";
import { readFileSync } from "node:fs";
import { TargetError } from "./errors.js";

/** Reads a key shared with an agent, as `sonde-agent key` prints it. Throws TargetError. */
export function readKeyFile(path: string): Uint8Array {
  let content: Uint8Array;
  try {
    content = readFileSync(path);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new TargetError(`key file ${path}: ${why}`, { cause });
  }
  return requireKey(content, `key file ${path}`);
}

/** A key that was kept as text. Throws TargetError. */
export function parseKey(text: string): Uint8Array {
  return requireKey(Buffer.from(text), "the key in the config file");
}

function requireKey(content: Uint8Array, what: string): Uint8Array {
  const parsed = parseKeyFile(content);
  if (parsed.kind === "key") return parsed.key;
  throw new TargetError(`${what}: it ${parsed.problem}`, {
    hint: "make one with: sonde-agent key > FILE, and give the same file to the agent and to sonde",
  });
}
