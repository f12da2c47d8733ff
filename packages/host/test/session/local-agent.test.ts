import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "@jest/globals";
import { findLocalAgent } from "../../src/session/local-agent.js";

const folder = mkdtempSync(join(tmpdir(), "sonde-local-agent-"));
const program = join(folder, "sonde-agent.cjs");
const micro = join(folder, "micro", `sonde-agent-${process.arch}`);

afterAll(() => {
  rmSync(folder, { recursive: true });
});

test("local: is Node's agent until the micro agent is built, and the one that is asked for", () => {
  const node = { file: process.execPath, args: [program] };
  expect(findLocalAgent(program, "")).toEqual(node);
  expect(() => findLocalAgent(program, "micro")).toThrow(`there is no ${micro}`);
  expect(() => findLocalAgent(program, "tiny")).toThrow("SONDE_AGENT=tiny");
  mkdirSync(join(folder, "micro"));
  writeFileSync(micro, "");
  expect(findLocalAgent(program, "")).toEqual({ file: micro, args: [] });
  expect(findLocalAgent(program, "node")).toEqual(node);
});
