import { readFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { version } from "../../src/program/version.js";

test("the version is the package's", () => {
  const manifest = new URL("../../package.json", import.meta.url);
  expect(JSON.parse(readFileSync(manifest, "utf8"))).toMatchObject({ version });
});
