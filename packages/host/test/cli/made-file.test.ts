import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "@jest/globals";
import { UsageError } from "../../src/cli/exit-code.js";
import { MadeFile } from "../../src/cli/made-file.js";

const folder = mkdtempSync(join(tmpdir(), "sonde-made-"));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

test("a file to be made is not there before it is written, however the trace ends", () => {
  const path = join(folder, "new.html");
  const file = MadeFile.open(path);
  expect(existsSync(path)).toBe(false);
  file.write("<p>");
  expect(readFileSync(path, "utf8")).toBe("<p>");
});

test("a file that was there stays as it was until it is written", () => {
  const path = join(folder, "old.html");
  writeFileSync(path, "an older picture");
  const file = MadeFile.open(path);
  expect(readFileSync(path, "utf8")).toBe("an older picture");
  file.write("new");
  expect(readFileSync(path, "utf8")).toBe("new");
});

test("a file that cannot be written is told of before", () => {
  expect(() => MadeFile.open(join(folder, "nowhere", "a.html"))).toThrow(UsageError);
});
