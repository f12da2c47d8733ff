import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

/** Of /proc/PID/stat's times: USER_HZ, which is 100 on every architecture that Linux has left. */
const ticksPerSecond = 100;

/** @typedef {import("node:child_process").ChildProcess} ChildProcess */

/**
 * Starts a program whose standard output goes to a file descriptor (or to this process, with "pipe"); what it says on
 * standard error is kept.
 *
 * @param {readonly string[]} commandLine
 * @param {"pipe" | number} output
 */
export function start([command = "", ...args], output) {
  const child = spawn(command, args, { stdio: ["ignore", output, "pipe"] });
  let said = "";
  child.stderr?.setEncoding("utf8").on("data", (/** @type {string} */ text) => {
    said += text;
  });
  /** @type {Promise<number | undefined>} */
  const ended = new Promise((resolve) => {
    child.once("close", (code) => {
      resolve(code ?? undefined);
    });
  });
  return { child, ended, said: () => said };
}

/**
 * Ends a program as Ctrl-C does; one that does not end by itself (bpftrace 0.17 now and then) is killed, so that a run ends.
 *
 * @param {ChildProcess} child
 * @param {Promise<number | undefined>} ended
 */
export async function interrupt(child, ended) {
  child.kill("SIGINT");
  const timer = setTimeout(() => child.kill("SIGKILL"), 15_000);
  await ended;
  clearTimeout(timer);
}

/** @param {number} milliseconds */
export async function sleep(milliseconds) {
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** The pids of a process and of all that descend from it. */
export function processTree(/** @type {number} */ root) {
  /** @type {Map<number, number[]>} */
  const children = new Map();
  for (const name of readdirSync("/proc")) {
    const stat = /^\d+$/.test(name) ? readStat(Number(name)) : undefined;
    if (stat !== undefined) {
      children.set(stat.parent, [...(children.get(stat.parent) ?? []), Number(name)]);
    }
  }
  const tree = [root];
  for (const pid of tree) {
    tree.push(...(children.get(pid) ?? []));
  }
  return tree;
}

/** User and system time that a process has used, in seconds; 0 once it has gone. */
export function cpuSeconds(/** @type {number} */ pid) {
  return readStat(pid)?.cpuSeconds ?? 0;
}

/** Resident memory in bytes; 0 once the process has gone. */
export function residentBytes(/** @type {number} */ pid) {
  return (readStat(pid)?.residentPages ?? 0) * 4096;
}

/** @param {number} pid */
function readStat(pid) {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "latin1");
    // The second field is the name in parentheses, which may hold anything: fields are counted after its end.
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return {
      parent: Number(fields[1]),
      cpuSeconds: (Number(fields[11]) + Number(fields[12])) / ticksPerSecond,
      residentPages: Number(fields[21]),
    };
  } catch {
    return undefined; // It has ended.
  }
}
