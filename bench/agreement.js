// node bench/agreement.js [SECONDS]: are frames named as others name them? Samples this machine's stacks with sonde, bpftrace and perf
// at once, while programs run, and compares the names of addresses that several of them saw. Needs root. After `npm run build`.
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { findBpftrace, findSonde } from "./peers.js";

const seconds = Number(process.argv[2] ?? 30);
const hertz = 199;
const program = `profile:hz:${hertz} { printf("stack %d\\n%s%s", pid, kstack(perf), ustack(perf)); } interval:s:${seconds} { exit(); }`;
/** How much longer than the trace its beginning and end may take. */
const extraMilliseconds = 120_000;

/** Programs that make stacks of many kinds: C, C++, threads, short processes. */
const workload = `
  end=$(($(date +%s) + ${seconds} + 10))
  while [ $(date +%s) -lt $end ]; do
    echo 'int main(void) { return 0; }' | gcc -O2 -x c - -o /dev/null 2>/dev/null
    ls -R /usr/lib >/dev/null 2>&1
    head -c 3000000 /dev/urandom | gzip -9 | sha256sum >/dev/null
    node -e 'let s = 0; for (let i = 0; i < 3e6; i++) s += JSON.stringify({ i }).length' 2>/dev/null
  done`;

/**
 * Names by "PID ADDRESS", those of the kernel by "kernel ADDRESS".
 *
 * @typedef {Map<string, string>} Names
 */

/** Where the upper half of the address space begins, as hexadecimal digits. */
const kernelAddress = /^f[0-9a-f]{15}$/;

function keyOf(/** @type {string} */ pid, /** @type {string} */ address) {
  return kernelAddress.test(address) ? `kernel ${address}` : `${pid} ${address}`;
}

/** What sonde and bpftrace print: the stacks that were seen, and the names of their frames. */
function parseStacks(/** @type {string} */ text) {
  /** @type {Names} */
  const names = new Map();
  let pid = "";
  let stacks = 0;
  let frames = 0;
  /** @type {Map<string, number>} */
  const seen = new Map();
  for (const line of text.split("\n")) {
    const start = /^stack (\d+)$/.exec(line);
    if (start !== null) {
      pid = start[1] ?? "";
      stacks++;
      continue;
    }
    const [, address, name] = /^\s+([0-9a-f]+) (.+)\+\d+(?: \([^()]*\))?$/.exec(line) ?? [];
    if (address === undefined || name === undefined) continue;
    frames++;
    const key = keyOf(pid, address);
    seen.set(key, (seen.get(key) ?? 0) + 1);
    names.set(key, name);
  }
  return { names, stacks, frames, seen };
}

/** What `perf script -F pid,ip,sym` prints. */
function parsePerf(/** @type {string} */ text) {
  /** @type {Names} */
  const names = new Map();
  let pid = "";
  for (const line of text.split("\n")) {
    const start = /^\s*(\d+)\s*$/.exec(line);
    if (start !== null) pid = start[1] ?? "";
    const [, address, name] = /^\s+([0-9a-f]+) (.+)$/.exec(line) ?? [];
    if (address === undefined || name === undefined || name.startsWith("[unknown]")) continue;
    names.set(keyOf(pid, address), name.replace(/^inlined.*$/, ""));
  }
  return names;
}

/** perf leaves out what stands in parentheses. */
function isSame(/** @type {string} */ ours, /** @type {string} */ theirs) {
  if (ours === theirs) return true;
  return /[<(:]/.test(ours) && ours.includes(theirs.replace(/\(.*$/, ""));
}

/** @param {ReturnType<typeof parseStacks>} ours @param {Names} theirs @param {string} who */
function compare(ours, theirs, who) {
  let both = 0;
  let same = 0;
  /** @type {Map<string, number>} */
  const differences = new Map();
  for (const [key, count] of ours.seen) {
    const name = theirs.get(key);
    if (name === undefined || name === "") continue;
    both += count;
    const own = ours.names.get(key) ?? "";
    if (isSame(own, name)) same += count;
    else differences.set(`${own} | ${name}`, (differences.get(`${own} | ${name}`) ?? 0) + count);
  }
  const share = both === 0 ? "-" : `${((100 * same) / both).toFixed(2)} %`;
  console.log(`${who}: ${both} of these frames have names there, too: the same for ${share}`);
  for (const [pair, count] of [...differences].sort((a, b) => b[1] - a[1]).slice(0, 5)) {
    console.log(`  ${count} times: ${pair}`);
  }
}

/** @param {readonly string[]} commandLine */
async function run([command = "", ...args]) {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "ignore"] });
  /** @type {Buffer[]} */
  const pieces = [];
  child.stdout.on("data", (/** @type {Buffer} */ piece) => pieces.push(piece));
  const timer = setTimeout(() => child.kill("SIGKILL"), seconds * 1000 + extraMilliseconds);
  await new Promise((resolve) => child.once("close", resolve));
  clearTimeout(timer);
  return Buffer.concat(pieces).toString();
}

const [sonde, bpftrace] = [findSonde(), findBpftrace()];
if (sonde === undefined) {
  console.error("agreement: build sonde first (npm run build)");
  process.exit(1);
}
const folder = mkdtempSync(join(tmpdir(), "sonde-agreement-"));
const recorded = join(folder, "perf.data");
const work = spawn("sh", ["-c", workload], { stdio: "ignore", detached: true });
try {
  await sleep(500);
  const [ours, theirs] = await Promise.all([
    run(sonde.trace(program)),
    bpftrace === undefined ? "" : run(bpftrace.trace(program)),
    run([
      "perf",
      "record",
      "-q",
      "-e",
      "cpu-clock",
      "-F",
      String(hertz),
      "-a",
      "-g",
      "-o",
      recorded,
      "--",
      "sleep",
      String(seconds),
    ]),
  ]);
  const parsed = parseStacks(ours);
  console.log(`sonde: ${parsed.stacks} stacks, ${parsed.frames} frames with names`);
  if (bpftrace !== undefined) {
    compare(parsed, parseStacks(theirs).names, `bpftrace ${bpftrace.version}`);
  }
  const perf = spawnSync("perf", ["script", "--no-inline", "-i", recorded, "-F", "pid,ip,sym"], {
    encoding: "utf8",
    maxBuffer: 1 << 30,
  });
  if (perf.error === undefined) compare(parsed, parsePerf(perf.stdout), "perf");
} finally {
  if (work.pid !== undefined) process.kill(-work.pid, "SIGKILL");
  rmSync(folder, { recursive: true, force: true });
}
