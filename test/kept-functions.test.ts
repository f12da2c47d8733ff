import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect } from "@jest/globals";
import { type ElfFunction, ElfReader } from "../packages/host/src/elf/elf-reader.js";
import { readFunctions } from "../packages/host/src/session/kept-functions.js";
import { requiresCommand } from "./support/requires.js";

let folder = "";
let cache = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sonde-functions-"));
  cache = join(folder, "cache");
  process.env["SONDE_CACHE"] = cache;
});
afterEach(() => {
  delete process.env["SONDE_CACHE"];
  rmSync(folder, { recursive: true });
});

/** A library with many functions, some of which are in its full symbol table alone. */
function linkLibrary(name: string, args: readonly string[]): string {
  const source = join(folder, "functions.c");
  const functions = Array.from({ length: 500 }, (_, at) => {
    return `${at % 2 === 0 ? "" : "static __attribute__((used)) "}int function_${at}(void) { return ${at}; }`;
  });
  writeFileSync(source, functions.join("\n"));
  const path = join(folder, name);
  execFileSync("gcc", ["-shared", "-fPIC", source, "-o", path, ...args]);
  return path;
}

/** The functions of a file, and how much of it was read for them. */
async function read(
  path: string,
): Promise<{ readonly functions: readonly ElfFunction[]; readonly readBytes: number }> {
  const bytes = readFileSync(path);
  let readBytes = 0;
  const elf = await ElfReader.open((offset, length) => {
    const part = bytes.subarray(offset, offset + length);
    readBytes += part.length;
    return Promise.resolve(part);
  });
  return { functions: await readFunctions(elf), readBytes };
}

const withLinker = requiresCommand("gcc", "gcc");

describe("functions of a file", () => {
  withLinker("are kept by its build id, so that its symbols are read once", async () => {
    const path = linkLibrary("lib.so", ["-Wl,--build-id=0x0123456789abcdef"]);
    const first = await read(path);
    const second = await read(path);
    expect(first.functions.length).toBeGreaterThanOrEqual(500);
    expect(second.functions).toEqual(first.functions);
    expect(second.readBytes).toBeLessThan(first.readBytes / 3);
  });

  withLinker(
    "of a stripped file are those that it has, although its build id is the same",
    async () => {
      const path = linkLibrary("lib.so", ["-Wl,--build-id=0x0123456789abcdef"]);
      const whole = await read(path);
      execFileSync("objcopy", ["--strip-all", path]);
      const stripped = await read(path);
      expect(whole.functions.map(({ name }) => name)).toContain("function_1");
      expect(stripped.functions.map(({ name }) => name)).not.toContain("function_1");
      expect(stripped.functions.map(({ name }) => name)).toContain("function_2");
    },
  );

  withLinker("are not kept without a build id", async () => {
    const path = linkLibrary("nameless.so", ["-Wl,--build-id=none"]);
    expect((await read(path)).functions.length).toBeGreaterThanOrEqual(500);
    expect(readdirSync(folder)).not.toContain("cache");
  });

  withLinker("are read again when what is kept is damaged", async () => {
    const path = linkLibrary("lib.so", ["-Wl,--build-id=0x0123456789abcdef"]);
    const { functions } = await read(path);
    const [name = ""] = readdirSync(join(cache, "functions"));
    for (const damaged of ["", "{", "[1]", '[["f","x","0","0",false]]', '[["f","1","0","0",1]]']) {
      writeFileSync(join(cache, "functions", name), damaged);
      expect((await read(path)).functions).toEqual(functions);
    }
  });
});
