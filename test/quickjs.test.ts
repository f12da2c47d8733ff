import { execFile } from "node:child_process";
import process from "node:process";
import { promisify } from "node:util";
import { expect, test } from "@jest/globals";

/** What scripts/quickjs-tests.js --json prints. */
interface QuickJsReport {
  readonly files: readonly string[];
  readonly passed: number;
  readonly failures: readonly { readonly name: string; readonly message: string }[];
  readonly coreBundle: { readonly sizeBytes: number; readonly gzipSizeBytes: number };
}

/** Fewer would mean that tests have been lost on the way, not that there are none. */
const fewestTests = 400;

/** A minute of work, on a machine that may be busy. */
const timeoutMilliseconds = 400_000;

test(
  "the engine-neutral tests pass inside QuickJS, too",
  async () => {
    const report = await runQuickJsTests();
    const { files, passed, failures, coreBundle } = report;
    process.stdout.write(
      `QuickJS: ${passed} tests of ${files.length} files passed; core bundle ${coreBundle.sizeBytes} bytes minified, ${coreBundle.gzipSizeBytes} as gzip\n`,
    );
    expect(failures).toEqual([]);
    expect(passed).toBeGreaterThanOrEqual(fewestTests);
    expect(files).toContain("packages/protocol/test/agent-peer.test.ts");
  },
  timeoutMilliseconds,
);

async function runQuickJsTests(): Promise<QuickJsReport> {
  const script = new URL("../scripts/quickjs-tests.js", import.meta.url).pathname;
  const stdout = await promisify(execFile)(process.execPath, [script, "--json"]).then(
    (result) => result.stdout,
    // A failed test makes the exit code 1, and the report says which.
    (error: unknown) => stdoutOf(error),
  );
  return JSON.parse(stdout) as QuickJsReport;
}

/** Not `instanceof Error`: the error comes from outside of jest's own realm. */
function stdoutOf(error: unknown): string {
  const hasReport =
    typeof error === "object" && error !== null && "stdout" in error && error.stdout !== "";
  if (hasReport) return String(error.stdout);
  throw error;
}
