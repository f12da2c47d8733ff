import { execFileSync } from "node:child_process";
import {
  closeSync,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect } from "@jest/globals";
import { type HostPeer } from "@sonde/protocol";
import { readImage } from "../packages/host/src/session/kept-images.js";
import { RemoteFiles } from "../packages/host/src/session/remote-files.js";
import { requiresCommand } from "./support/requires.js";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sonde-images-"));
  process.env["SONDE_CACHE"] = join(folder, "cache");
});
afterEach(() => {
  delete process.env["SONDE_CACHE"];
  rmSync(folder, { recursive: true });
});

/** This machine's files, and how many of their bytes were read. */
class CountedFiles {
  readBytes = 0;

  remote(bootId: string): RemoteFiles {
    const call = (
      method: string,
      params: { path: string; offset: bigint; limitBytes: number },
    ): Promise<unknown> => Promise.resolve(this.#answer(method, params));
    // Nothing else of a peer is used.
    return new RemoteFiles({ call } as unknown as HostPeer, bootId);
  }

  #answer(
    method: string,
    { path, offset, limitBytes }: { path: string; offset: bigint; limitBytes: number },
  ): unknown {
    if (method === "file.stat") {
      const status = statSync(path, { bigint: true, throwIfNoEntry: false });
      if (status === undefined) return { file: null };
      const { size: sizeBytes, mtimeNs: modified, dev: device, ino: inode } = status;
      return { file: { path, sizeBytes, modified, device, inode } };
    }
    const data = new Uint8Array(limitBytes);
    const file = openSync(path, "r");
    const length = readSync(file, data, 0, limitBytes, Number(offset));
    closeSync(file);
    this.readBytes += length;
    return { data: data.subarray(0, length), isEnd: length < limitBytes };
  }
}

/** A program with a hundred functions and a megabyte of data. */
function link(name: string, ...options: readonly string[]): string {
  const source = join(folder, "program.c");
  const functions = Array.from(
    { length: 100 },
    (_, at) => `int function_${at}(void) { return ${at}; }`,
  );
  writeFileSync(
    source,
    `${functions.join("\n")}\nchar data[1 << 20] = {1};\nint main(void) { return 0; }`,
  );
  const path = join(folder, name);
  execFileSync("gcc", [source, "-o", path, "-Wl,--build-id=sha1", ...options]);
  return path;
}

/** The name of the function that lies at a symbol of nm's list, as the image has it, and what was read for that. */
async function nameOf(
  path: string,
  bootId = "boot",
): Promise<{ readonly name: string | undefined; readonly readBytes: number }> {
  const files = new CountedFiles();
  const remote = files.remote(bootId);
  const status = await remote.status(path);
  if (status === undefined) throw new Error(`${path} is not there`);
  const image = await readImage(remote, { path, status, root: "" });
  const listed = execFileSync("nm", [join(folder, "program")], { encoding: "utf8" });
  const [, address = "0"] = /^([0-9a-f]+) T function_42$/m.exec(listed) ?? [];
  // Code is at its address in the file, too (ld puts .text there where data do not come first).
  return { name: image?.resolve(BigInt(`0x${address}`))?.name, readBytes: files.readBytes };
}

const withLinker = requiresCommand("gcc", "gcc");

describe("the symbols of a program", () => {
  withLinker(
    "are read without the rest of it, and not again while it is the same file",
    async () => {
      const path = link("program");
      const first = await nameOf(path);
      expect(first.name).toBe("function_42");
      expect(first.readBytes).toBeGreaterThan(2400);
      expect(first.readBytes).toBeLessThan(30_000);
      expect(await nameOf(path)).toEqual({ name: "function_42", readBytes: 0 });
    },
  );

  withLinker(
    "are known by its build id on other machines, where only its headers are read",
    async () => {
      const path = link("program");
      const first = await nameOf(path);
      const elsewhere = await nameOf(path, "another boot");
      expect(elsewhere.name).toBe("function_42");
      expect(elsewhere.readBytes).toBeLessThan(first.readBytes / 2);
    },
  );

  withLinker("that was stripped are not those of the same build that was not", async () => {
    const path = link("program");
    const stripped = join(folder, "stripped");
    execFileSync("strip", [path, "-o", stripped]);
    expect((await nameOf(stripped)).name).toBeUndefined();
    expect((await nameOf(path)).name).toBe("function_42");
  });
});
