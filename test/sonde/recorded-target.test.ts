import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "@jest/globals";
import { requiresFeature } from "../support/requires.js";
import { runSonde } from "../support/sonde.js";

const folder = mkdtempSync(join(tmpdir(), "sonde-recorded-"));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const tracing = requiresFeature("tracepoint", "raw_tracepoint", "uprobe");

const programs = [
  'tracepoint:syscalls:sys_enter_openat { printf("%s %s\\n", comm, str(args.filename)); }',
  "uprobe:libc:malloc { @[comm] = sum(arg0); } interval:s:1 { exit(); }",
];

/** The micro agent, in which it takes longest, reads all of the kernel's types a dozen times. */
const recordingMilliseconds = 200_000;

describe("sonde info --record", () => {
  tracing(
    "writes what a program is compiled by: without the target it becomes the same",
    async () => {
      const file = join(folder, "here.target");
      const recorded = await runSonde(["info", "--record", file, ...programs], {
        limitMilliseconds: recordingMilliseconds,
      });
      expect(recorded).toEqual({ code: 0, output: "", errors: "" });
      for (const program of programs) {
        const here = await runSonde(["trace", "--listing", program]);
        const there = await runSonde(["trace", "--listing", "--target-description", file, program]);
        expect(here.output).toMatch(/^ {2}exit$/m);
        expect(there).toEqual(here);
      }
    },
    2 * recordingMilliseconds,
  );
});

describe("sonde trace --target-description", () => {
  const recorded = new URL("../targets/arm64-6.1.target", import.meta.url).pathname;

  test("says what would be loaded", async () => {
    const program =
      "kprobe:vfs_read { @ = count(); } tracepoint:sched:sched_switch { @ = count(); }";
    const outcome = await runSonde(["trace", "--target-description", recorded, program]);
    expect(outcome).toEqual({
      code: 0,
      output: expect.stringMatching(
        /^map AT_: .*\n[^]*^program \w+: kprobe, \d+ instructions\n[^]*^attach \w+ to kprobe:vfs_read\+0\nattach \w+ to rawtracepoint:sched_switch\n$/m,
      ),
      errors: "",
    });
  });

  test("says what of the target is not known, and what to do", async () => {
    const program = "uprobe:libssl:SSL_write { @ = count(); }";
    const { code, errors } = await runSonde(["trace", "--target-description", recorded, program]);
    expect(errors).toMatch(
      /^sonde: the target's description does not tell of .*\nHINT: record the target again/m,
    );
    expect(code).toBe(1);
  });

  test("is not for a target at hand", async () => {
    const args = ["trace", "-t", "local:", "--target-description", recorded, "BEGIN { exit(); }"];
    const { code, errors } = await runSonde(args);
    expect(errors).toMatch(/--target-description .*cannot be used with .*--target/);
    expect(code).toBe(1);
  });
});
