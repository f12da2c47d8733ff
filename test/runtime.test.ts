import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type FeatureName } from "../packages/agent/src/features/features.js";
import { type RunningCommand, startAgent } from "./support/processes.js";
import { requiresFeature } from "./support/requires.js";
import { type ExpectedLine, parseSuite, SuiteError } from "./support/suite-file.js";
import { SuiteRunner } from "./support/suite-runner.js";

const folder = join(import.meta.dirname, "runtime");
const suites = readdirSync(folder)
  .filter((file) => file.endsWith(".suite"))
  .sort()
  .map((file) => ({ file, cases: parseSuite(readFileSync(join(folder, file), "utf8")) }));

let agent: RunningCommand | undefined;
let runner: SuiteRunner | undefined;

beforeAll(async () => {
  if (process.getuid?.() !== 0) return;
  const started = await startAgent("--listen", "ws://127.0.0.1:0", "--allow-programs");
  agent = started.agent;
  const cases = suites.flatMap((suite) => suite.cases);
  runner = await SuiteRunner.open(cases, started.target, 4);
});

afterAll(async () => {
  await runner?.[Symbol.asyncDispose]();
  agent?.kill();
  await agent?.ended;
});

for (const { file, cases } of suites) {
  describe(file, () => {
    for (const one of cases) {
      // The name is checked: requiresFeature fails for one that there is not.
      const needs = requiresFeature("ringbuf", "program_run", ...(one.requires as FeatureName[]));
      needs(`${one.name} (line ${one.line})`, async () => {
        if (runner === undefined) throw new Error("the agent was not started");
        const { code, output, errors } = await runner.outcome(one);
        const lines = withoutBlankEnds(output.split("\n"));
        const said = errors.split("\n");
        const missing = one.errors.filter((line) => !said.some((text) => isLine(line, text)));
        const isAsSaid = missing.length === 0 && code === one.exitCode;
        expect({
          output: lines,
          missing: missing.map(show),
          code,
          ...(isAsSaid ? {} : { errors: said }),
        }).toEqual({
          output: one.output.map((line, at) => {
            const text = lines[at] ?? "";
            return isLine(line, text) ? text : show(line);
          }),
          missing: [],
          code: one.exitCode,
        });
      });
    }
  });
}

describe("a suite's file", () => {
  test.each([
    ["PROG BEGIN { }", "line 1: a case begins with NAME"],
    ["NAME one\nEXPECT 1", 'line 1: "one" has no PROG'],
    ["NAME one\nPROG BEGIN { exit(); }", 'line 1: "one" expects nothing'],
    ["NAME one\nPROGRAM BEGIN { }", "line 2: there is no such word: PROGRAM"],
    ["NAME one\nOPTIONS quick", "line 2: there is no option quick, only json, unsafe and reads"],
  ])("that is wrong says where: %j", (source, message) => {
    expect(() => parseSuite(source)).toThrow(new SuiteError(message));
  });
});

function isLine(expected: ExpectedLine, text: string): boolean {
  return expected.kind === "text" ? expected.text === text : expected.pattern.test(text);
}

function show(expected: ExpectedLine): string {
  return expected.kind === "text" ? expected.text : String(expected.pattern);
}

function withoutBlankEnds(lines: readonly string[]): readonly string[] {
  const isBlank = (line: string): boolean => line.trim() === "";
  const first = lines.findIndex((line) => !isBlank(line));
  const last = lines.findLastIndex((line) => !isBlank(line));
  return first < 0 ? [] : lines.slice(first, last + 1);
}
