import { expect, test } from "@jest/globals";
import { type CheckedStatement } from "../../../src/language/check/checked-program.js";
import { printAndClear } from "../../../src/language/check/print-and-clear.js";
import { RecordTable } from "../../../src/language/check/record-table.js";

const span = { start: 0, end: 0 };

/** What becomes of steps: "print 0" prints map 0, "clear 0" clears it, "both 0" does both; what else there is, is no such thing. */
function joined(steps: readonly string[]): string[] {
  const records = new RecordTable();
  const control = (step: string): CheckedStatement => {
    const [word, number] = step.split(" ");
    const map = Number(number);
    if (word === "print") {
      const record = records.add({ kind: "printMap", map, top: 5, divisor: 2 });
      return { kind: "control", record, span };
    }
    if (word !== "clear") return { kind: "jump", word: "break", span };
    return { kind: "control", record: records.add({ kind: "clearMap", map }), span };
  };
  return printAndClear(steps.map(control), records).map((statement) => {
    const layout = statement.kind === "control" ? records.layouts[statement.record] : undefined;
    if (layout?.kind === "clearMap") return `clear ${layout.map}`;
    if (layout?.kind !== "printMap") return "other";
    expect(layout).toMatchObject({ top: 5, divisor: 2 });
    return `${layout.clears === true ? "both" : "print"} ${layout.map}`;
  });
}

test.each([
  [["print 0", "clear 0"], ["both 0"]],
  [
    ["print 0", "print 1", "clear 0", "clear 1"],
    ["both 0", "both 1"],
  ],
  [
    ["print 0", "clear 1"],
    ["print 0", "clear 1"],
  ],
  [
    ["clear 0", "print 0"],
    ["clear 0", "print 0"],
  ],
  [["print 0", "clear 0", "clear 0"], ["both 0"]],
  [
    ["print 0", "other", "clear 0"],
    ["print 0", "other", "clear 0"],
  ],
])("%s", (steps, expected) => {
  expect(joined(steps)).toEqual(expected);
});
