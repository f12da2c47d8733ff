import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startGenerator } from "./generator.js";
import { cpuSeconds, interrupt, processTree, residentBytes, sleep, start } from "./process.js";
import { formatRatio, formatTable } from "./table.js";

/** Only the generator's calls, so that what is delivered and lost can be set against what was made. */
const program = (/** @type {number} */ pid) =>
  `tracepoint:syscalls:sys_enter_getppid /pid == ${pid}/ { printf("%d %s %llu\\n", pid, comm, nsecs); }`;

const loads = [
  { title: "100,000/s", count: 200_000, ratePerSecond: 100_000 },
  { title: "300,000/s", count: 900_000, ratePerSecond: 300_000 },
  { title: "full speed", count: 2_000_000, ratePerSecond: 0 },
];

/**
 * A generator's calls, each printed as a line: what was made, what arrived, what was reported lost, and what neither
 * arrived nor was reported. CPU is of the side that a board would bear (for sonde the agent, for bpftrace all of it).
 *
 * @param {readonly import("./peers.js").Peer[]} peers
 */
export async function measureThroughput(peers) {
  const rows = [
    [
      "",
      "",
      "made/s",
      "delivered/s",
      "ratio",
      "delivered",
      "lost",
      "unaccounted",
      "CPU/event",
      "ratio",
      "host CPU/event",
      "RSS",
    ],
  ];
  for (const load of loads) {
    const results = [];
    for (const peer of peers) {
      results.push({ name: peer.name, ...(await traceOnce(peer, load)) });
    }
    const reference = results.at(-1);
    for (const result of results) {
      const each = (/** @type {number} */ seconds) => (seconds / result.delivered) * 1e9;
      const referenceCpu =
        ((reference?.boardCpuSeconds ?? 0) / (reference?.delivered ?? Number.NaN)) * 1e9;
      rows.push([
        load.title,
        result.name,
        grouped(result.made / result.seconds),
        grouped(result.delivered / result.seconds),
        formatRatio(
          result.delivered / result.seconds,
          (reference?.delivered ?? 0) / (reference?.seconds ?? 1),
        ),
        `${((result.delivered / result.made) * 100).toFixed(1)} %`,
        grouped(result.lost),
        grouped(result.made - result.delivered - result.lost),
        `${each(result.boardCpuSeconds).toFixed(0)} ns`,
        formatRatio(each(result.boardCpuSeconds), referenceCpu),
        result.hostCpuSeconds === undefined ? "-" : `${each(result.hostCpuSeconds).toFixed(0)} ns`,
        `${(result.residentBytes / 1e6).toFixed(0)} MB`,
      ]);
    }
  }
  return formatTable(rows);
}

/**
 * @param {import("./peers.js").Peer} peer
 * @param {{ readonly count: number, readonly ratePerSecond: number }} load
 */
async function traceOnce(peer, load) {
  const directory = mkdtempSync(join(tmpdir(), "sonde-bench-"));
  const file = join(directory, "output");
  const output = openSync(file, "w");
  const generator = await startGenerator({ ...load, cpu: 1 });
  try {
    const { child, ended, said } = start(peer.trace(program(generator.pid)), output);
    const root = child.pid ?? 0;
    await untilAttached(file, said, ended);
    const tree = processTree(root);
    const before = new Map(tree.map((pid) => [pid, cpuSeconds(pid)]));
    const made = await generator.run();
    await untilQuiet(file);
    const used = new Map(tree.map((pid) => [pid, cpuSeconds(pid) - (before.get(pid) ?? 0)]));
    const rss = tree.map(residentBytes);
    await interrupt(child, ended);
    const text = readFileSync(file);
    // Of sonde's two processes the first is the host, the rest is what runs on the board.
    const hostCpuSeconds = tree.length > 1 ? (used.get(root) ?? 0) : undefined;
    const all = [...used.values()].reduce((sum, seconds) => sum + seconds, 0);
    return {
      made: made.count,
      seconds: made.seconds,
      delivered: countLines(text, `${generator.pid} `),
      lost: reportedLost(text.toString("latin1")) + reportedLost(said()),
      boardCpuSeconds: all - (hostCpuSeconds ?? 0),
      hostCpuSeconds,
      residentBytes: (tree.length > 1 ? rss.slice(1) : rss).reduce((sum, bytes) => sum + bytes, 0),
    };
  } finally {
    generator.stop();
    closeSync(output);
    rmSync(directory, { recursive: true });
  }
}

/**
 * Both say how many probes they attach: sonde when it has, on standard error; bpftrace before, on standard output.
 *
 * @param {string} file
 * @param {() => string} said
 * @param {Promise<number | undefined>} ended
 */
async function untilAttached(file, said, ended) {
  const isOver = ended.then(() => true);
  for (;;) {
    if (/Attached \d+ probe/.test(said())) {
      return;
    }
    if (readFileSync(file, "latin1").includes("Attaching")) {
      await sleep(1500);
      return;
    }
    if (await Promise.race([isOver, sleep(20).then(() => false)])) {
      throw new TypeError(`the tracer ended before it traced: ${said()}`);
    }
  }
}

/** Until a file has not grown for half a second. */
async function untilQuiet(/** @type {string} */ file) {
  let size = -1;
  while (statSync(file).size !== size) {
    size = statSync(file).size;
    await sleep(500);
  }
}

/**
 * @param {Buffer} text
 * @param {string} beginning
 */
function countLines(text, beginning) {
  const pattern = Buffer.from(`\n${beginning}`);
  let count = text.indexOf(beginning) === 0 ? 1 : 0;
  for (let at = text.indexOf(pattern); at !== -1; at = text.indexOf(pattern, at + 1)) {
    count += 1;
  }
  return count;
}

/** The sum of all "lost N events"; a line that sums them up ("in all") does not count again. */
function reportedLost(/** @type {string} */ text) {
  return [...text.matchAll(/^(?:.*: )?lost (\d+) events?$/gim)].reduce(
    (sum, [, number]) => sum + Number(number),
    0,
  );
}

function grouped(/** @type {number} */ number) {
  return Math.round(number).toLocaleString("en");
}
