import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { startGenerator } from "./generator.js";
import { interrupt, sleep, start } from "./process.js";
import { formatRatio, formatTable } from "./table.js";

const statisticsSwitch = "/proc/sys/kernel/bpf_stats_enabled";
const actions = ["@ = count();", "@[pid] = count();", "@[comm] = count();", "@ = hist(nsecs);"];

/**
 * Nanoseconds that one run of a program takes in the kernel, by the kernel's own statistics (which cost about as much
 * again, on both sides alike).
 *
 * @param {readonly import("./peers.js").Peer[]} peers
 */
export async function measureProgramCost(peers, { count = 1_000_000 } = {}) {
  const before = readFileSync(statisticsSwitch, "utf8");
  writeFileSync(statisticsSwitch, "1");
  try {
    const rows = [["", ...peers.map(({ name }) => name), "ratio"]];
    for (const action of actions) {
      const costs = [];
      for (const peer of peers) {
        costs.push(await costOf(peer, action, count));
      }
      rows.push([
        action,
        ...costs.map((cost) => `${cost.toFixed(0)} ns`),
        costs.length > 1 ? formatRatio(costs[0] ?? Number.NaN, costs[1] ?? Number.NaN) : "-",
      ]);
    }
    return formatTable(rows);
  } finally {
    writeFileSync(statisticsSwitch, before);
  }
}

/**
 * @param {import("./peers.js").Peer} peer
 * @param {string} action
 * @param {number} count
 */
async function costOf(peer, action, count) {
  const others = new Set(loadedPrograms().map(({ id }) => id));
  const generator = await startGenerator({ count, cpu: 1 });
  const program = `tracepoint:syscalls:sys_enter_getppid { ${action} }`;
  const { child, ended, said } = start(peer.trace(program), "pipe");
  child.stdout?.resume();
  try {
    /** @type {LoadedProgram[]} */
    let mine = [];
    for (let tries = 0; mine.length === 0; tries++) {
      if (tries > 200) {
        throw new TypeError(`${peer.name}: no program was loaded: ${said()}`);
      }
      await sleep(50);
      mine = loadedPrograms().filter(({ id, type }) => type === "tracepoint" && !others.has(id));
    }
    await sleep(1000); // Loaded is not yet attached.
    await generator.run();
    const ids = new Set(mine.map(({ id }) => id));
    const [program] = loadedPrograms()
      .filter(({ id }) => ids.has(id))
      .sort((left, right) => (right.run_cnt ?? 0) - (left.run_cnt ?? 0));
    if ((program?.run_cnt ?? 0) < count) {
      throw new TypeError(
        `${peer.name}: the program ran ${program?.run_cnt ?? 0} times of ${count}`,
      );
    }
    return (program?.run_time_ns ?? Number.NaN) / (program?.run_cnt ?? Number.NaN);
  } finally {
    generator.stop();
    await interrupt(child, ended);
  }
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
