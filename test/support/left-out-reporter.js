import { writeFileSync } from "node:fs";

const mark = /^(.*) \[left out: (.*)\]$/s;

/**
 * A jest reporter that says, at the end, which tests were left out and why (requires.ts puts the reason into their
 * names), and writes the numbers of passed and failed tests to the file that $SONDE_TEST_SUMMARY names.
 */
export default class LeftOutReporter {
  #isWholeRun;

  /** @param {{ readonly testNamePattern: string }} globalConfig */
  constructor(globalConfig) {
    // With --testNamePattern, what does not match counts as pending: that was the caller's choice.
    this.#isWholeRun = globalConfig.testNamePattern === "";
  }

  /**
   * @typedef {{ readonly status: string, readonly title: string, readonly fullName: string }} Test
   * @param {unknown} _contexts
   * @param {{
   *   readonly testResults: readonly { readonly testResults: readonly Test[] }[],
   *   readonly numTotalTests: number,
   *   readonly numPassedTests: number,
   *   readonly numFailedTests: number,
   *   readonly numRuntimeErrorTestSuites: number,
   * }} results
   */
  onRunComplete(_contexts, results) {
    /** @type {Map<string, string[]>} */
    const byReason = new Map();
    for (const file of results.testResults) {
      for (const test of file.testResults) {
        const reason = mark.exec(test.title)?.[2];
        if (test.status === "pending" && (reason !== undefined || this.#isWholeRun)) {
          const key = reason ?? "no reason was given";
          byReason.set(key, [...(byReason.get(key) ?? []), test.fullName.replace(mark, "$1")]);
        }
      }
    }
    for (const [reason, names] of byReason) {
      process.stderr.write(`\nLeft out, ${names.length}: ${reason}\n`);
      for (const name of names) {
        process.stderr.write(`  ${name}\n`);
      }
    }
    if (byReason.size === 0 && results.numTotalTests > 0) {
      process.stderr.write("\nNothing was left out.\n");
    }
    const file = process.env["SONDE_TEST_SUMMARY"];
    if (file !== undefined) {
      // A file that could not even be loaded has no failed test in it, but is one failure.
      const broken = results.numRuntimeErrorTestSuites;
      const failed = results.numFailedTests + broken;
      writeFileSync(file, JSON.stringify({ passed: results.numPassedTests, failed, broken }));
    }
  }
}
