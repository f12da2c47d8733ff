import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { boardsNamed } from "./boards/boards.js";
import { checks } from "./boards/checks/all.js";
import { Machine } from "./boards/machine.js";
import { runChecks } from "./boards/run-checks.js";

/** The first run on a machine downloads packages. */
const imageMilliseconds = 400_000;
const checksMilliseconds = 480_000;

describe.each(boardsNamed(["x86_64-6.1"]))("the emulated board $name", (board) => {
  let machine: Machine | undefined;

  beforeAll(async () => {
    machine = await Machine.start(board, () => undefined);
  }, imageMilliseconds);
  afterAll(async () => {
    await machine?.stop();
  });

  test(
    "passes every check, over its network and over its serial port",
    async () => {
      if (machine === undefined) throw new Error("it did not start");
      const findings = await runChecks(machine);
      // It has nothing on an i2c bus, which the check finds out.
      const others = findings.filter(
        ({ name, result }) =>
          result.kind !== "passed" &&
          !(name === "kernel stacks of i2c_transfer" && result.kind === "not applicable"),
      );
      expect(others).toEqual([]);
      expect(findings.length).toBeGreaterThan(checks.length);
    },
    checksMilliseconds,
  );
});
