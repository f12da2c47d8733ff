import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "@jest/globals";
import { describeAgents } from "../../src/board/agents-here.js";
import { microAgentIn } from "../../src/board/micro-agent.js";

const parent = mkdtempSync(join(tmpdir(), "sonde-agents-"));
const folder = join(parent, "micro");
mkdirSync(folder);
writeFileSync(join(folder, "sonde-agent-arm"), "static");

afterAll(() => {
  rmSync(parent, { recursive: true });
});

function choose(machine: string): ReturnType<ReturnType<typeof microAgentIn>["choose"]> {
  const facts = { system: "Linux", release: "6.1", tools: new Set<string>(), folders: [] };
  return microAgentIn(folder).choose({ ...facts, machine, node: undefined });
}

describe("the micro agent for a board", () => {
  test("is the one that was built for its processor, and needs no Node", () => {
    expect(choose("armv7l")).toMatchObject({
      kind: "payload",
      files: [{ name: "sonde-agent", mode: 0o700, bytes: Buffer.from("static") }],
    });
  });

  test("is lacking where it was not built, with how to build it", () => {
    expect(choose("aarch64")).toEqual({
      kind: "lack",
      what: "the micro agent is not built for the board (aarch64)",
      hint: "in the checkout: sonde agent build arm64",
    });
    expect(choose("mips")).toMatchObject({ kind: "lack" });
  });

  test("is listed beside Node's", () => {
    expect(describeAgents(folder)).toEqual([
      expect.stringMatching(/^sonde-agent \S+ for Node: $/),
      expect.stringMatching(/^sonde-agent \S+, micro, arm: 1 kB$/),
    ]);
  });
});
