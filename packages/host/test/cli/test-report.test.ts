import { stripVTControlCharacters } from "node:util";
import { describe, expect, test } from "@jest/globals";
import { createReport, type TestResult } from "../../src/cli/test-report.js";

const passed: TestResult = {
  name: "sums",
  code: 0,
  nanoseconds: 1342,
  runs: 1,
  isPassed: true,
  text: "nobody wants to see this\n",
};
const failed: TestResult = {
  ...passed,
  name: "keys",
  code: 2,
  nanoseconds: 45_600,
  isPassed: false,
  text: 'ERROR: "x"\n',
};

function told(options: Parameters<typeof createReport>[0], results: readonly TestResult[]): string {
  let text = "";
  const tests = results.map(({ name }) => {
    return { name, program: name, when: options.type };
  });
  const report = createReport(options, tests, { write: (piece) => (text += String(piece)) });
  report.begin();
  for (const [index, result] of results.entries()) {
    const run = tests[index];
    if (run !== undefined) report.beginTest(run);
    report.endTest(result);
  }
  report.end();
  return text;
}

describe("what is told of tests", () => {
  test("names each, and again those that have failed, with what these printed", () => {
    const text = told({ type: "test", format: "text" }, [passed, failed]);
    expect(stripVTControlCharacters(text)).toBe(
      [
        "[==========] Running 2 tests.",
        "[ RUN      ] sums",
        "[       OK ] sums (1342 ns)",
        "[ RUN      ] keys",
        'ERROR: "x"',
        "[  FAILED  ] keys (46 μs)",
        "[==========] 2 tests ran.",
        "[  PASSED  ] 1 test.",
        "[  FAILED  ] 1 test, listed below:",
        "[  FAILED  ] keys",
        "",
      ].join("\n"),
    );
    expect(text).toContain("\u001b[31m[  FAILED  ]\u001b[0m keys");
  });

  test("is one object for each in JSON", () => {
    const text = told({ type: "test", format: "json" }, [passed, failed]);
    expect(
      text
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual([
      { type: "test_result", data: { sums: { duration: 1342, passed: true, output: "" } } },
      {
        type: "test_result",
        data: { keys: { duration: 45_600, passed: false, output: 'ERROR: "x"\n' } },
      },
    ]);
  });

  test("is a table for measurements, without those that gave up", () => {
    const text = told({ type: "bench", format: "text" }, [failed, { ...passed, runs: 4000 }]);
    expect(text.split("\n")).toEqual([
      `${"Benchmark".padEnd(41)}${"Time(ns)".padEnd(15)}Iterations`,
      "-".repeat(66),
      `${"sums".padEnd(41)}${"1342".padEnd(15)}4000`,
      "",
    ]);
  });
});
