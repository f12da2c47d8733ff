// A program on the board does something so many times, and just so many events come or are counted as lost.
import assert from "node:assert/strict";

/** @typedef {import("../board-under-test.js").BoardUnderTest} BoardUnderTest */

/** More than fit into a buffer. */
const eventCount = 5000;
/** Hundreds, so that one that is left out or read twice shows; each is a few system calls where maps are walked. */
const keyCount = 300;

/** @type {readonly import("./check.js").Check[]} */
export const exactCountChecks = [
  ...[
    { name: "a ring buffer", needs: ["ringbuf"], without: [] },
    { name: "perf buffers", needs: [], without: ["ringbuf"] },
  ].map(({ name, needs, without }) => ({
    name: `exact counts through ${name} that overflows`,
    needs: ["tracepoint", ...needs],
    without,
    run: async (/** @type {BoardUnderTest} */ on) => {
      const messages = await traceWrites(
        on,
        eventCount,
        'config = { perf_rb_pages = 1 } WRITES { @written = count(); printf("%llu %s\\n", nsecs, comm); }',
      );
      const printed = messages.filter(({ type }) => type === "printf").length;
      const lost = messages
        .filter(({ type }) => type === "lost_events")
        .reduce((sum, { data }) => sum + data.events, 0);
      assert.deepEqual(mapOf(messages, "@written"), eventCount);
      assert.equal(printed + lost, eventCount, `${printed} printed and ${lost} lost`);
    },
  })),
  ...[
    { name: "read in batches", needs: ["map_batch"], without: [] },
    { name: "walked by keys", needs: [], without: ["map_batch"] },
    {
      name: "walked by keys, without lookup-and-delete",
      needs: [],
      without: ["map_batch", "map_lookup_and_delete"],
    },
  ].map(({ name, needs, without }) => ({
    name: `exact maps ${name}`,
    needs: ["tracepoint", ...needs],
    without,
    run: async (/** @type {BoardUnderTest} */ on) => {
      // Each key once in a plain and in a per-CPU map, both printed and cleared on the way.
      const messages = await traceWrites(
        on,
        keyCount,
        `WRITES { @n++; @plain[@n] = @n; @counts[@n] = count(); @each[@n % 10] = sum(@n); }
         END { print(@plain); clear(@plain); print(@plain); print(@counts); clear(@counts); print(@counts); }`,
      );
      const numbers = Array.from({ length: keyCount }, (_, index) => index + 1);
      const once = Object.fromEntries(numbers.map((number) => [number, 1]));
      assert.deepEqual(mapOf(messages, "@plain"), Object.fromEntries(numbers.map((n) => [n, n])));
      assert.deepEqual(mapOf(messages, "@counts"), once);
      const sums = numbers.reduce((sum, number) => sum + number, 0);
      const each = Object.values(mapOf(messages, "@each"));
      assert.equal(
        each.reduce((sum, one) => sum + one, 0),
        sums,
      );
      assert.equal(each.length, 10);
    },
  })),
];

/**
 * Runs a program, in which WRITES stands for a probe that is hit so many times, and gives its messages.
 *
 * @param {BoardUnderTest} on
 * @param {number} count
 * @param {string} program
 * @returns {Promise<readonly { type: string, data: any }[]>}
 */
async function traceWrites(on, count, program) {
  const probe = 'tracepoint:syscalls:sys_enter_write /comm == "dd" && args.fd == 1/';
  const args = ["-f", "json", "-e", program.replace("WRITES", probe)];
  let written = "";
  const outcome = await on.interrupted("trace", args, {
    begun: /"attached_probes"/,
    then: async () => {
      written = await on.machine.shell(`/usr/bin/dd if=/dev/zero of=/dev/null bs=1 count=${count}`);
    },
  });
  const messages = outcome.output
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  // Each of the programs ends with maps.
  assert(
    messages.some(({ type }) => type === "map"),
    `${written}\n${outcome.errors}${outcome.output.slice(-500)}`,
  );
  return messages;
}

/**
 * The map as it was first printed with something in it.
 *
 * @param {readonly { type: string, data: any }[]} messages
 * @param {string} name
 */
function mapOf(messages, name) {
  return messages.find(({ type, data }) => type === "map" && name in data)?.data[name];
}
