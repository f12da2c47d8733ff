import assert from "node:assert/strict";

/** @type {readonly import("./check.js").Check[]} */
export const mapAndRecordChecks = [
  {
    name: "hash maps, of each type of key",
    needs: ["raw_tracepoint"],
    run: async (on) => {
      const printed = await on.trace(
        `BEGIN { @n[-1] = 2; @n[7] = -3; @s["key"] = "value"; @t[1, "two"] = (3, "four"); exit(); }`,
      );
      const lines = ["@n[7]: -3", "@n[-1]: 2", "@s[key]: value", "@t[1, two]: (3, four)"];
      assert.deepEqual(nonEmptyLines(printed).sort(), lines.sort());
    },
  },
  {
    name: "per-CPU maps, print and clear",
    needs: ["raw_tracepoint"],
    run: async (on) => {
      const printed = await on.trace(
        `BEGIN { @c[1] = count(); @c[1] = count(); @sum = sum(40); @sum = sum(2); @avg = avg(3); @avg = avg(5);
                 @max = max(9); @max = max(8); @min = min(9); @min = min(8);
                 print(@c); clear(@c); print(@c); exit(); }`,
      );
      const lines = ["@c[1]: 2", "@avg: 4", "@max: 9", "@min: 8", "@sum: 42"];
      assert.deepEqual(nonEmptyLines(printed), lines);
    },
  },
  {
    name: "histograms",
    needs: ["raw_tracepoint"],
    run: async (on) => {
      const printed = await on.trace(
        `BEGIN { unroll(10) { @h = hist(5); } @h = hist(100); @l = lhist(15, 0, 30, 10); exit(); }`,
      );
      assert.match(printed, /^\[4, 8\) +10 /m);
      assert.match(printed, /^\[64, 128\) +1 /m);
      assert.match(printed, /^\[10, 20\) +1 /m);
    },
  },
  {
    name: "records in order",
    needs: ["raw_tracepoint"],
    run: async (on) => {
      const printed = await on.trace(
        `BEGIN { @i = 0; unroll(100) { @i += 1; printf("%d %s\\n", @i, comm); } clear(@i); exit(); }`,
      );
      const numbers = printed.split("\n").map((line) => Number(line.split(" ")[0]));
      assert.deepEqual(
        numbers,
        Array.from({ length: 100 }, (_, index) => index + 1),
      );
    },
  },
  {
    name: "each record delivered or counted",
    needs: ["tracepoint", "perf_event"],
    isSerialToo: true,
    run: async (on) => {
      const output = await on.sonde(
        ...["trace", "-f", "json", "-e"],
        // Programs may still run between exit() and their end: what they record then is not waited for.
        `tracepoint:sched:sched_switch /!@done/ { @runs = count(); printf("%s %d\\n", comm, nsecs); }
         interval:s:1 { if (@done) { exit(); } @done = 1; }`,
      );
      const messages = output
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line));
      const printed = messages.filter(({ type }) => type === "printf").length;
      const lost = messages
        .filter(({ type }) => type === "lost_events")
        .reduce((sum, { data }) => sum + data.events, 0);
      const runs = messages.find(({ type, data }) => type === "map" && "@runs" in data).data[
        "@runs"
      ];
      assert.ok(runs > 0, "there were no runs");
      assert.equal(printed + lost, runs, `${printed} printed and ${lost} lost, of ${runs}`);
    },
  },
];

/** @param {string} text */
function nonEmptyLines(text) {
  return text.split("\n").filter((line) => line !== "");
}
