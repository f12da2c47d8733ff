import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { createTar } from "../../src/board/tar.js";

test("a tar archive is unpacked by tar, with the bytes and the modes that went in", () => {
  const folder = mkdtempSync(join(tmpdir(), "sonde-tar-"));
  const files = [0, 1, 511, 512, 513, 100_000].map((length, index) => ({
    name: `file-${length}`,
    mode: index === 0 ? 0o700 : 0o600,
    bytes: Uint8Array.from({ length }, (_, position) => (position * 7) & 0xff),
  }));
  execFileSync("tar", ["xf", "-", "-C", folder], { input: createTar(files) });
  for (const { name, mode, bytes } of files) {
    const path = join(folder, name);
    expect(new Uint8Array(readFileSync(path))).toEqual(bytes);
    expect(statSync(path).mode & 0o777).toBe(mode);
  }
  rmSync(folder, { recursive: true });
});
