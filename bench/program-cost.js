import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { startGenerator } from "./generator.js";
import { objectOf } from "./hand-assembled.js";
import { interrupt, sleep, start } from "./process.js";
import { formatRatio, formatTable } from "./table.js";

const statisticsSwitch = "/proc/sys/kernel/bpf_stats_enabled";
const enter = "tracepoint:syscalls:sys_enter_CALL";
const leave = "tracepoint:syscalls:sys_exit_CALL";
const latency = `${enter} { @s[tid] = nsecs; } ${leave} /@s[tid]/ { @ = hist(nsecs - @s[tid]); delete(@s[tid]); }`;

/**
 * Each contestant traces another system call, all of which cost the kernel the same: none finds in the caches what the one
 * before it has left there.
 */
const calls = ["getppid", "getuid", "getgid"];

/** What is measured: by the name of the program that was written by hand, a one-liner that does the same. */
const rows = [
  { name: "empty", shown: "(nothing)", program: `${enter} { }` },
  ...[
    ["count", "@ = count();"],
    ["sum", "@ = sum(1);"],
    ["stats", "@ = stats(1);"],
    ["increment", "@++;"],
    ["pid", "@[pid] = count();"],
    ["comm", "@[comm] = count();"],
    ["hist", "@ = hist(nsecs);"],
    ["kstack", "@[kstack] = count();"],
    ["printf", 'printf("%d %s %s\\n", pid, comm, "text");'],
  ].map(([name = "", action = ""]) => ({ name, shown: action, program: `${enter} { ${action} }` })),
  { name: "latency", shown: "enter and exit", program: latency },
];

/** Of each, the least of so many runs is taken. */
const times = 9;

/**
 * Nanoseconds that one run of a program takes in the kernel, by the kernel's own statistics (which cost about as much
 * again, on all sides alike): of the peers' and of one that was written by hand. All are attached at once, run in turn, and the
 * least of nine runs of each is taken.
 *
 * @param {readonly import("./peers.js").Peer[]} peers
 */
export async function measureProgramCost(peers, { count = 100_000 } = {}) {
  const before = readFileSync(statisticsSwitch, "utf8");
  writeFileSync(statisticsSwitch, "1");
  try {
    const names = peers.map(({ name }) => name);
    const table = [["", ...names, "ratio", "by hand", "ratio"]];
    for (const row of rows) {
      const { hand, costs } = await costsOf(peers, row, count);
      const [own = Number.NaN, other] = costs;
      table.push([
        row.shown,
        ...costs.map(formatCost),
        other === undefined ? "-" : formatRatio(own, other),
        formatCost(hand),
        formatRatio(own, hand),
      ]);
    }
    return formatTable(table);
  } finally {
    writeFileSync(statisticsSwitch, before);
  }
}

/** @param {number} cost */
function formatCost(cost) {
  return `${cost.toFixed(0)} ns`;
}

/**
 * @param {readonly import("./peers.js").Peer[]} peers
 * @param {{ readonly name: string, readonly program: string }} row
 * @param {number} count
 */
async function costsOf(peers, row, count) {
  // Imported here: the other parts also run where the library has not been built.
  const { connect } = await import("@sonde/host");
  /** @type {{ readonly child: import("node:child_process").ChildProcess, readonly ended: Promise<number | undefined> }[]} */
  const started = [];
  const target = await connect("local:");
  try {
    /** @type {ReadonlySet<number>[]} */
    const contestants = [];
    for (const [at, peer] of peers.entries()) {
      const others = new Set(loadedPrograms().map(({ id }) => id));
      const { child, ended, said } = start(
        peer.trace(row.program.replaceAll("CALL", callOf(at))),
        "pipe",
      );
      child.stdout?.resume();
      started.push({ child, ended });
      contestants.push(await loadedSince(others, said));
    }
    const others = new Set(loadedPrograms().map(({ id }) => id));
    const byHand = objectOf(row.name, callOf(peers.length));
    const loaded = await target.session.load(byHand);
    drain(loaded, byHand);
    contestants.push(await loadedSince(others, () => "the program by hand"));
    const costs = await leastCosts(contestants, count);
    return { hand: costs.at(-1) ?? Number.NaN, costs: costs.slice(0, -1) };
  } finally {
    await target.close();
    for (const { child, ended } of started) await interrupt(child, ended);
  }
}

/**
 * Takes what the programs record, as somebody who traces does: a full buffer would make them quicker.
 *
 * @param {Awaited<ReturnType<import("@sonde/host").Target["session"]["load"]>>} loaded
 * @param {{ readonly streams: readonly { readonly map: string }[] }} object
 */
function drain(loaded, { streams }) {
  for (const { map } of streams) {
    loaded.openStream(map, {
      onSpan: ({ channel, position, span }) => {
        loaded.acknowledge(map, channel, position + BigInt(span.length));
      },
      onEnd: () => undefined,
    });
  }
}

/** @param {number} contestant */
function callOf(contestant) {
  const call = calls[contestant];
  if (call === undefined) throw new TypeError(`no system call for contestant ${contestant}`);
  return call;
}

/**
 * The ids of the tracepoint programs that are new, once there are any.
 *
 * @param {ReadonlySet<number>} others
 * @param {() => string} said
 * @returns {Promise<ReadonlySet<number>>}
 */
async function loadedSince(others, said) {
  for (let tries = 0; tries < 200; tries++) {
    await sleep(50);
    const found = loadedPrograms().filter(
      ({ id, type }) => type === "tracepoint" && !others.has(id),
    );
    if (found.length === 0) continue;
    await sleep(1000); // Loaded is not yet attached, and another may follow.
    return new Set(
      loadedPrograms()
        .filter(({ id, type }) => type === "tracepoint" && !others.has(id))
        .map(({ id }) => id),
    );
  }
  throw new TypeError(`no program was loaded: ${said()}`);
}

/**
 * Nanoseconds of one event by each contestant's programs together.
 *
 * @param {readonly ReadonlySet<number>[]} contestants
 * @param {number} count
 */
async function leastCosts(contestants, count) {
  const least = contestants.map(() => Number.POSITIVE_INFINITY);
  for (let time = 0; time < times; time++) {
    for (const [at, ids] of contestants.entries()) {
      const generator = await startGenerator({ count, cpu: 1, call: callOf(at) });
      try {
        const before = new Map(loadedPrograms().map((one) => [one.id, one]));
        await generator.run();
        const after = loadedPrograms().filter(({ id }) => ids.has(id));
        least[at] = Math.min(least[at] ?? Number.NaN, costOf(before, after, count));
      } finally {
        generator.stop();
      }
    }
  }
  return least;
}

/**
 * @param {ReadonlyMap<number, LoadedProgram>} before
 * @param {readonly LoadedProgram[]} after
 * @param {number} count
 */
function costOf(before, after, count) {
  let cost = 0;
  for (const { id, run_time_ns = 0, run_cnt = 0 } of after) {
    const earlier = before.get(id);
    const runs = run_cnt - (earlier?.run_cnt ?? 0);
    // A peer may load programs to try them, which never run.
    if (runs >= count) cost += (run_time_ns - (earlier?.run_time_ns ?? 0)) / runs;
  }
  return cost > 0 ? cost : Number.POSITIVE_INFINITY;
}

/**
 * @typedef {{ readonly id: number, readonly type: string, readonly run_time_ns?: number, readonly run_cnt?: number }} LoadedProgram
 * @returns {LoadedProgram[]}
 */
function loadedPrograms() {
  const path = `${process.env["PATH"] ?? ""}:/usr/sbin`;
  return JSON.parse(
    execFileSync("bpftool", ["--json", "prog", "show"], {
      encoding: "utf8",
      env: { ...process.env, PATH: path },
    }),
  );
}
