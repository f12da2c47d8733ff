import { execFileSync } from "node:child_process";
import { openSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { findPly } from "./ply.js";
import { interrupt, processTree, sleep, start } from "./process.js";
import { formatTable } from "./table.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const agentFolder = join(root, "packages/agent/dist");
const microAgent = join(agentFolder, "micro", `sonde-agent-${process.arch}`);
const nodeAgent = join(root, "packages/agent/bin/sonde-agent.cjs");
const settleMilliseconds = 1500;
const startupRuns = 15;
/** More takes minutes to pack. */
const packedLimitBytes = 20_000_000;
const opens =
  'tracepoint:syscalls:sys_enter_openat { printf("%d %s\\n", pid, str(args->filename)); }';
/** It ends when events are lost. */
const opensOfPly =
  'tracepoint:syscalls/sys_enter_openat / pid == 1 / { printf("%d %s\\n", pid, comm); }';

/** What sonde's agents are started with. */
const agents = [
  { name: "sonde, micro agent", command: [microAgent], beside: [] },
  { name: "sonde, Node's agent", command: [process.execPath, nodeAgent], beside: nodeBundle() },
];

/** What runs on a board, by each way to trace one: the size of its files, when it listens, and the memory that it takes. */
export async function measureBoardSide() {
  const rows = [
    ["", "files", "as .xz", "listens after", "waits, with a host", "traces opens", "its rings"],
  ];
  for (const { name, command, beside } of agents) {
    rows.push([name, ...(await measureAgent(command, beside))]);
  }
  rows.push(["ply (trixie)", ...(await measureTracer([...(await findPly()), opensOfPly]))]);
  rows.push(["opensnoop (libbpf-tools)", ...(await measureTracer(["/usr/sbin/opensnoop"]))]);
  // Its source is not ours to bring along: what it was when someone built it.
  rows.push(["BPFd, built static, elsewhere", "1577 kB", "-", "-", "-", "1470 kB", "-"]);
  return formatTable(rows);
}

/**
 * @param {readonly string[]} command
 * @param {readonly string[]} beside  files that it reads beside those that it maps
 */
async function measureAgent(command, beside) {
  const { connect } = await import("@sonde/host");
  const times = [];
  for (let run = 0; run < startupRuns; run++) {
    const begin = performance.now();
    const { child, ended } = await startListening(command);
    times.push(performance.now() - begin);
    await interrupt(child, ended);
  }
  const { child, ended, target: address } = await startListening(command);
  const pid = child.pid ?? 0;
  try {
    const files = [...new Set([...mappedFiles(pid), ...beside])];
    const target = await connect(address);
    await sleep(settleMilliseconds);
    const waiting = memoryOf([pid]);
    const trace = await target.start(await target.compile(opens));
    const reading = trace.run({ record() {}, event() {}, flush() {}, ready: () => undefined });
    await sleep(settleMilliseconds);
    const tracing = memoryOf([pid]);
    await trace.stop();
    await reading;
    await target.close();
    return [
      ...fileSizes(files),
      `${Math.min(...times).toFixed(1)} ms`,
      kilobytes(waiting.ownBytes),
      kilobytes(tracing.ownBytes),
      kilobytes(tracing.ringBytes),
    ];
  } finally {
    await interrupt(child, ended);
  }
}

/** @param {readonly string[]} command */
async function startListening(command) {
  const begun = start([...command, "--listen", "ws://127.0.0.1:0"], openSync("/dev/null", "w"));
  await new Promise((resolve, reject) => {
    begun.child.stderr?.on("data", () => {
      if (/^listening on /m.test(begun.said())) resolve(undefined);
    });
    begun.child.once("exit", () => {
      reject(new TypeError(`the agent ended: ${begun.said()}`));
    });
  });
  return { ...begun, target: /^listening on (\S+)$/m.exec(begun.said())?.[1] ?? "" };
}

/** @param {readonly string[]} command */
async function measureTracer(command) {
  const { child, ended, said } = start(command, openSync("/dev/null", "w"));
  await sleep(2 * settleMilliseconds);
  const tree = processTree(child.pid ?? 0);
  if (child.exitCode !== null) throw new TypeError(`${command.join(" ")} ended: ${said()}`);
  const files = new Set(tree.flatMap(mappedFiles));
  const { ownBytes, ringBytes } = memoryOf(tree);
  await interrupt(child, ended);
  return [...fileSizes([...files]), "-", "-", kilobytes(ownBytes), kilobytes(ringBytes)];
}

/** Resident memory: the kernel's buffers that are mapped, and the rest. */
export function memoryOf(/** @type {readonly number[]} */ pids) {
  const sizes = { ownBytes: 0, ringBytes: 0 };
  for (const pid of pids) {
    const text = readFileSync(`/proc/${pid}/smaps`, "utf8");
    for (const part of text.split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m)) {
      const bytes = 1024 * Number(/^Rss:\s+(\d+) kB/m.exec(part)?.[1] ?? 0);
      const isRing = /^.*anon_inode:(bpf-map|\[perf_event\])/.test(part);
      sizes[isRing ? "ringBytes" : "ownBytes"] += bytes;
    }
  }
  return sizes;
}

/** The files that a process has mapped: its program and libraries. */
function mappedFiles(/** @type {number} */ pid) {
  const text = readFileSync(`/proc/${pid}/maps`, "utf8");
  const files = [...text.matchAll(/ (\/\S+)$/gm)].map(([, file = ""]) => file);
  return [...new Set(files)].filter((file) => statSync(file, { throwIfNoEntry: false })?.isFile());
}

/** @param {readonly string[]} files */
function fileSizes(files) {
  const bytes = files.reduce((sum, file) => sum + statSync(file).size, 0);
  if (bytes > packedLimitBytes) return [kilobytes(bytes), "-"];
  const packed = join(tmpdir(), `sonde-bench-${process.pid}.tar.xz`);
  execFileSync("tar", ["--create", "--xz", "--dereference", "--file", packed, ...files], {
    stdio: "ignore",
  });
  const packedBytes = statSync(packed).size;
  rmSync(packed);
  return [kilobytes(bytes), kilobytes(packedBytes)];
}

/** Node's agent: its one script, and the system's calls for this processor. */
function nodeBundle() {
  return readdirSync(agentFolder)
    .filter((name) => /^sonde-agent-\w+\.cjs$/.test(name))
    .map((name) => join(agentFolder, name));
}

function kilobytes(/** @type {number} */ bytes) {
  return `${(bytes / 1000).toFixed(0)} kB`;
}
