import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { importTestSupport } from "./import-test-support.js";
import { openLinePath } from "./line-path.js";
import { interrupt, sleep, start } from "./process.js";
import { formatTable, median } from "./table.js";

const baud = 115_200;

/** Opens files of this machine all the time, some 2,000 a second, each time another one; its name is "opener". */
const opener = [
  "perl",
  "-e",
  `$0 = "opener"; my @paths = glob("/usr/lib/*/* /usr/share/*/* /etc/*");
   while (1) { open(my $f, "<", $paths[rand @paths]) for 1 .. 8; select(undef, undef, undef, 0.004); }`,
];

/**
 * `sonde opensnoop` over ser2net and a line of 115,200 baud: from the command to its first event, with nothing known of
 * the target and with what a run before has left in the cache; and what the line carries when there are more events than
 * it can.
 *
 * @param {readonly import("./peers.js").Peer[]} _peers
 */
export async function measureLines(_peers, { runs = 5, seconds = 10 } = {}) {
  const board = await openLinePath({ baud });
  const load = start(opener, "pipe");
  const caches = mkdtempSync(join(tmpdir(), "sonde-bench-"));
  try {
    const cold = [];
    for (let run = 0; run < runs; run++) {
      cold.push(await timeFirstEvent(board.target, join(caches, `cold${run}`)));
    }
    const warm = [];
    for (let run = 0; run < runs; run++) {
      warm.push(await timeFirstEvent(board.target, join(caches, "cold0")));
    }
    const steady = await measureSteady(board, join(caches, "cold0"), seconds);
    return formatTable([
      ["", "median", "slowest"],
      ["first event, nothing cached", ...milliseconds(cold)],
      ["first event, cached", ...milliseconds(warm)],
      ["events/s", steady.perSecond.toFixed(0), ""],
      ["bytes on the line for an event", steady.bytesEach.toFixed(1), ""],
      ["events lost/s (counted)", steady.lostPerSecond.toFixed(0), ""],
    ]);
  } finally {
    load.child.kill("SIGKILL");
    await board.close();
    rmSync(caches, { recursive: true });
  }
}

const lines = [
  { title: "clean", chance: 0 },
  { title: "1 byte in 10,000 damaged, 1 lost", chance: 1e-4 },
  { title: "1 byte in 1,000 damaged, 1 lost", chance: 1e-3 },
];

/**
 * More events than a line of 115,200 baud carries, 24 bytes of each not to be compressed, over lines that also have a
 * line of the kernel's log each second and stall for five seconds each minute (the clean one does neither). Goodput is events for
 * each second without a stall, as a share of the clean line's. `SONDE_LINE_SECONDS=600` measures for ten minutes each.
 *
 * @param {readonly import("./peers.js").Peer[]} _peers
 */
export async function measureFaultyLines(
  _peers,
  { seconds = Number(process.env["SONDE_LINE_SECONDS"] ?? 60) } = {},
) {
  const { loadLine } = await importTestSupport(["line-load.ts"]);
  const rows = [
    ["", "events/s", "goodput", "made", "delivered", "lost (counted)", "unaccounted", "misplaced"],
  ];
  let clean = Number.NaN;
  for (const { title, chance } of lines) {
    const faults = {
      corrupt: chance,
      lose: chance,
      textMilliseconds: 1000,
      stall: { everyMilliseconds: 60_000, forMilliseconds: 5000 },
    };
    const directions = chance === 0 ? {} : { towardsHost: faults, towardsDevice: faults };
    const board = await openLinePath({ baud, seed: 11, ...directions });
    try {
      const load = await loadLine(board.target, board.line, seconds);
      if (chance === 0) clean = load.perSecond;
      rows.push([
        title,
        load.perSecond.toFixed(0),
        `${((load.perSecond / clean) * 100).toFixed(1)} %`,
        String(load.made),
        String(load.delivered),
        String(load.lost),
        String(load.made - load.delivered - load.lost),
        String(load.misplaced),
      ]);
    } finally {
      await board.close();
    }
  }
  return formatTable(rows);
}

/** @param {readonly number[]} times */
function milliseconds(times) {
  return [median(times), Math.max(...times)].map((time) => `${time.toFixed(0)} ms`);
}

/**
 * @param {string} target
 * @param {string} cache
 */
async function timeFirstEvent(target, cache) {
  const begin = performance.now();
  const run = startOpensnoop(target, cache);
  await run.printed(1);
  const milliseconds = performance.now() - begin;
  await run.stop();
  return milliseconds;
}

/**
 * @param {Awaited<ReturnType<typeof openLinePath>>} board
 * @param {string} cache
 * @param {number} seconds
 */
async function measureSteady({ target, line }, cache, seconds) {
  const run = startOpensnoop(target, cache);
  await run.printed(1);
  // Until the kernel's buffer is full.
  await sleep(6000);
  const [events, bytes, begin] = [run.events(), line.towardsHost.carriedBytes, performance.now()];
  const lost = run.lost();
  await sleep(seconds * 1000);
  const elapsed = (performance.now() - begin) / 1000;
  const more = run.events() - events;
  const result = {
    perSecond: more / elapsed,
    bytesEach: (line.towardsHost.carriedBytes - bytes) / more,
    lostPerSecond: (run.lost() - lost) / elapsed,
  };
  await run.stop();
  return result;
}

/**
 * @param {string} target
 * @param {string} cache
 */
function startOpensnoop(target, cache) {
  const sonde = new URL("../packages/host/bin/sonde.cjs", import.meta.url).pathname;
  const { child, ended, said } = start(
    [
      "env",
      `SONDE_CACHE=${cache}`,
      process.execPath,
      sonde,
      "opensnoop",
      "-n",
      "opener",
      "-t",
      target,
    ],
    "pipe",
  );
  let events = 0;
  child.stdout?.on("data", (/** @type {Buffer} */ data) => {
    events += data.toString("latin1").split(" opener ").length - 1;
  });
  return {
    events: () => events,
    lost: () =>
      [...said().matchAll(/^lost (\d+) events?$/gim)].reduce((sum, [, n]) => sum + Number(n), 0),
    /** @param {number} count */
    async printed(count) {
      while (events < count) {
        if (child.exitCode !== null) throw new TypeError(`sonde opensnoop: ${said()}`);
        await sleep(5);
      }
    },
    stop: () => interrupt(child, ended),
  };
}
