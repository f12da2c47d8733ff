import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "@jest/globals";
import { nodeRuntime } from "../../src/cli/node-runtime.js";
import * as keyFiles from "../../src/program/key-file.js";
import { UsageError } from "../../src/program/usage-error.js";
import { createNodeSystem } from "../../src/system/node/node-system.js";

const folder = mkdtempSync(join(tmpdir(), "sonde-key-"));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const system = createNodeSystem();
const generateKey = (): string => keyFiles.generateKey(nodeRuntime);
const readKeyFile = (path: string): Uint8Array => keyFiles.readKeyFile(system, path);

function keyFile(name: string, content: string | Uint8Array, mode = 0o600): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  chmodSync(path, mode);
  return path;
}

describe("the agent's key file", () => {
  test("a new key is read back as 32 bytes, and no two are alike", () => {
    const text = generateKey();
    const key = readKeyFile(keyFile("new", `${text}\n`));
    expect(Buffer.from(key).toString("hex")).toBe(text);
    expect(key).toHaveLength(32);
    expect(generateKey()).not.toBe(text);
  });

  test.each([0o604, 0o602, 0o601, 0o777])("a file of mode %o is refused", (mode) => {
    const path = keyFile("open", generateKey(), mode);
    expect(() => readKeyFile(path)).toThrow(`key file ${path} is open to every user`);
  });

  test("a file that its group may read is accepted", () => {
    expect(readKeyFile(keyFile("group", generateKey(), 0o640))).toHaveLength(32);
  });

  test("a short, a long, an absent file and a folder are refused with what is wrong", () => {
    const short = keyFile("short", "00112233");
    expect(() => readKeyFile(short)).toThrow(`key file ${short} has a key of 4 bytes`);
    expect(() => readKeyFile(keyFile("long", "a".repeat(5000)))).toThrow("too long for a key");
    expect(() => readKeyFile(join(folder, "none"))).toThrow(/none: ENOENT$/);
    chmodSync(folder, 0o700);
    expect(() => readKeyFile(folder)).toThrow(/EISDIR$/);
    expect(() => readKeyFile(folder)).toThrow(UsageError);
  });
});
