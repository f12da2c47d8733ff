import { execFile } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "@jest/globals";
import { requiresFeature } from "./support/requires.js";

const root = join(import.meta.dirname, "..");
const example = join(root, "docs/examples/opens-by-program.js");

describe("the scripting example", () => {
  requiresFeature("tracepoint")("prints ten opens and counts them by program", async () => {
    const opening = setInterval(() => {
      closeSync(openSync("/dev/null", "r"));
    }, 5);
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [example]).finally(
      () => {
        clearInterval(opening);
      },
    );
    expect(stderr).toBe("");
    const lines = stdout.trimEnd().split("\n");
    expect(lines.slice(0, 10)).toEqual(
      Array<unknown>(10).fill(expect.stringMatching(/^\S.* opened ./)),
    );
    const counts = lines.slice(10).map((line) => /^\S.*: (\d+)$/.exec(line)?.[1]);
    const sum = counts.reduce((total, count) => total + Number(count), 0);
    expect(sum).toBeGreaterThanOrEqual(10);
  });

  test("is the one that the README shows", () => {
    const readme = readFileSync(join(root, "README.md"), "utf8");
    expect(readme).toContain(`\`\`\`js\n${readFileSync(example, "utf8")}\`\`\``);
  });
});
