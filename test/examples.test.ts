import { execFile } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "@jest/globals";
import { startAgent } from "./support/processes.js";
import { requiresFeature } from "./support/requires.js";

const root = join(import.meta.dirname, "..");
const example = join(root, "docs/examples/opens-by-program.js");
const merging = join(root, "docs/examples/merged.js");

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
      // A name that is not in memory yet cannot be read, and is empty.
      Array<unknown>(10).fill(expect.stringMatching(/^\S.* opened /)),
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

describe("the example of two targets", () => {
  requiresFeature("tracepoint")("tells the same opens of both, in order", async () => {
    const { agent, target } = await startAgent("--listen", "ws://127.0.0.1:0");
    const path = (count: number): string => `/nonexistent/merged-${count}`;
    let count = 0;
    const opening = setInterval(() => {
      expect(() => openSync(path(count++), "r")).toThrow("ENOENT");
    }, 20);
    const args = [merging, "1", "local:", target];
    const { stdout, stderr } = await promisify(execFile)(process.execPath, args, {
      // Whatever else this machine opens meanwhile is told, too.
      maxBuffer: 64 * 1024 * 1024,
    }).finally(() => {
      clearInterval(opening);
      agent.kill("SIGTERM");
    });
    expect(stderr).toBe("");
    const lines = stdout.trimEnd().split("\n");
    const times = lines.map((line) => line.slice(0, "1970-01-01T00:00:00.000Z".length));
    expect(times).toEqual([...times].sort());
    // While both were traced, each was seen on both, at the same time but for what is not known of the clocks.
    const seen = new Map<string, number[]>();
    for (const line of lines) {
      const [, time, file] = /^(\S+).* opened (\/nonexistent\/merged-\d+)$/.exec(line) ?? [];
      // What others open may have any name, or none.
      if (time === undefined || file === undefined) continue;
      seen.set(file, [...(seen.get(file) ?? []), Date.parse(time)]);
    }
    const twice = [...seen.values()].filter((both) => both.length === 2);
    expect(twice.length).toBeGreaterThan(5);
    for (const [first = 0, second = 0] of twice) expect(second - first).toBeLessThan(100);
  });

  test("is the one that docs/clocks.md shows", () => {
    const page = readFileSync(join(root, "docs/clocks.md"), "utf8");
    expect(page).toContain(`\`\`\`js\n${readFileSync(merging, "utf8")}\`\`\``);
  });
});
