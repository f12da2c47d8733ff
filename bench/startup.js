import { closeSync, openSync } from "node:fs";
import { start } from "./process.js";
import { formatRatio, formatTable, median } from "./table.js";

const programs = [
  { title: "BEGIN, printf, exit", program: 'BEGIN { printf("hello\\n"); exit(); }' },
  {
    title: "openat, its path, exit",
    program:
      'tracepoint:syscalls:sys_enter_openat { printf("%s\\n", str(args->filename)); exit(); }',
  },
  {
    title: "each system call by a wildcard",
    program:
      'tracepoint:syscalls:sys_enter_* { @[probe] = count(); } interval:ms:10 { printf("attached\\n"); exit(); }',
    // bpftrace takes a minute to detach.
    runs: 1,
  },
];

/**
 * From the start of the command to its first event, and to its end; the median of some runs of each, taken in turn.
 *
 * @param {readonly import("./peers.js").Peer[]} peers
 */
export async function measureStartup(peers, { runs = 7 } = {}) {
  const header = ["", "", "first event", "ratio", "end", "ratio"];
  const rows = [header];
  for (const { title, program, ...its } of programs) {
    /** @type {Map<string, { first: number, end: number }[]>} */
    const times = new Map(peers.map(({ name }) => [name, []]));
    for (let run = 0; run < (its.runs ?? runs); run++) {
      for (const peer of peers) {
        times.get(peer.name)?.push(await timeOnce(peer.trace(program)));
      }
    }
    const reference = times.get(peers.at(-1)?.name ?? "") ?? [];
    for (const { name } of peers) {
      const mine = times.get(name) ?? [];
      const cells = /** @type {const} */ (["first", "end"]).flatMap((moment) => {
        const value = median(mine.map((time) => time[moment]));
        return [
          `${value.toFixed(0)} ms`,
          formatRatio(value, median(reference.map((time) => time[moment]))),
        ];
      });
      rows.push([title, name, ...cells]);
    }
  }
  return formatTable(rows);
}

/** @param {readonly string[]} commandLine */
async function timeOnce(commandLine) {
  const begin = performance.now();
  const { child, ended, said } = start(commandLine, "pipe");
  /** @type {number | undefined} */
  let first;
  child.stdout?.on("data", (/** @type {Buffer} */ data) => {
    // bpftrace says first, on standard output, how many probes it attaches.
    if (data.toString("latin1").replace(/^Attaching.*\n/, "") !== "") {
      first ??= performance.now() - begin;
    }
  });
  const opening = setInterval(() => {
    closeSync(openSync("/dev/null", "r"));
  }, 1);
  const status = await ended;
  clearInterval(opening);
  const end = performance.now() - begin;
  if (status !== 0 || first === undefined) {
    throw new TypeError(`${commandLine.join(" ")}: exit ${String(status)}: ${said()}`);
  }
  return { first, end };
}
