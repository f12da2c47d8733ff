import assert from "node:assert/strict";
import { setTimeout as wait } from "node:timers/promises";
import { describeOutcome } from "../board-under-test.js";

/** The board does each thing that is looked for about once a second. */
const limitMilliseconds = 30_000;

/** @type {readonly import("./check.js").Check[]} */
export const toolChecks = [
  {
    name: "opensnoop",
    needs: ["tracepoint"],
    isSerialToo: true,
    run: async (on) => {
      await untilPrinted(on, "opensnoop", [
        { comm: "cat", path: "/etc/hostname", errno: 0 },
        { comm: "cat", path: "/etc/none", errno: 2 },
      ]);
    },
  },
  {
    name: "execsnoop",
    needs: ["tracepoint"],
    run: async (on) => {
      await untilPrinted(on, "execsnoop", [
        { comm: "cat", args: ["/usr/bin/cat", "/etc/hostname", "/etc/none"] },
      ]);
    },
  },
];

/**
 * Runs a tool until it has printed a row with the properties of each that is wanted, then interrupts it.
 *
 * @param {import("../board-under-test.js").BoardUnderTest} on
 * @param {string} tool
 * @param {readonly Readonly<Record<string, unknown>>[]} wanted
 */
async function untilPrinted(on, tool, wanted) {
  const running = on.start(tool, "--json");
  const deadline = performance.now() + limitMilliseconds;
  const isMissing = (/** @type {Readonly<Record<string, unknown>>} */ row) =>
    !rowsOf(running.said.output).some((one) =>
      Object.entries(row).every(
        ([name, value]) => JSON.stringify(one[name]) === JSON.stringify(value),
      ),
    );
  while (wanted.some(isMissing) && performance.now() < deadline) {
    if (running.child.exitCode !== null) break;
    await wait(50);
  }
  const missing = wanted.filter(isMissing).map((row) => JSON.stringify(row));
  running.child.kill("SIGINT");
  const outcome = await running.ended;
  assert.equal(missing.join(), "", `was not printed; ${tool} ${describeOutcome(outcome)}`);
  assert.equal(outcome.code, 130, `${tool} ${describeOutcome(outcome)}`);
}

/**
 * Whole lines only: the last one may still be coming.
 *
 * @param {string} output
 * @returns {readonly Readonly<Record<string, unknown>>[]}
 */
function rowsOf(output) {
  return output
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line));
}
