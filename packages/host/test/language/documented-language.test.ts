import { readFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { checkSource } from "./check/check-source.js";

const page = readFileSync(new URL("../../../../docs/language.md", import.meta.url), "utf8");

/** Bodies of the fenced blocks with this word behind the fence. */
function blocks(language: string): string[] {
  return page
    .split(/^```/m)
    .filter((piece) => piece.startsWith(`${language}\n`))
    .map((piece) => piece.slice(language.length + 1));
}

describe("docs/language.md", () => {
  test.each(blocks("bt"))("compiles: %s", (source) => {
    const { diagnostics } = checkSource(source, { positional: ["41", "hello"] });
    // As bpftrace does, the compiler tells of each delete() whose result nobody asks for.
    const others = diagnostics.filter(({ message }) => message !== "Return value discarded.");
    expect(others).toEqual([]);
  });

  const notYet = blocks("bt-not-yet").flatMap((block) => block.trim().split("\n"));
  test.each(notYet)("says that this is not supported yet: %s", (source) => {
    const { diagnostics } = checkSource(source);
    expect(diagnostics.map(({ code }) => code)).toContain("not-supported");
  });

  test("has programs of both kinds", () => {
    expect(blocks("bt").length).toBeGreaterThanOrEqual(10);
    expect(notYet.length).toBeGreaterThan(0);
  });
});
