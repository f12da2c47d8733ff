import { readFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { linkVersion } from "../../src/link/frame.js";

const page = readFileSync(new URL("../../../../docs/links.md", import.meta.url), "utf8");

test("docs/links.md is of this version and has the examples that the tests of frames hold", () => {
  expect(page).toContain(`Version **${linkVersion}**`);
  const tests = readFileSync(new URL("frame.test.ts", import.meta.url), "utf8");
  const examples = [...tests.matchAll(/"((?:[0-9a-f]{2}){14,})"/g)].map((match) => match[1] ?? "");
  expect(examples).toHaveLength(2);
  for (const example of examples) expect(page).toContain(example.replaceAll(/..(?=.)/g, "$& "));
});
