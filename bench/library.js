import { startGenerator } from "./generator.js";
import { memoryOf } from "./agents.js";
import { cpuSeconds, processTree } from "./process.js";
import { formatTable } from "./table.js";

/** Each event is 32 bytes: a u32 that names its layout, padding, and three u64. */
const source =
  'tracepoint:syscalls:sys_enter_getppid { $now = nsecs; printf("%llu %llu %llu\\n", $now, $now, $now); }';

const loads = [
  { title: "1,000,000/s", count: 3_000_000, ratePerSecond: 1_000_000 },
  { title: "full speed", count: 3_000_000, ratePerSecond: 0 },
];

const agents = ["micro", "node"];
const agentLoads = [
  { count: 500_000, ratePerSecond: 100_000 },
  { count: 2_500_000, ratePerSecond: 500_000 },
];

/**
 * 32-byte events through the agent and the host as a library, with nothing printed: as records whose three fields are
 * read where they lie, and as the typed values that `trace.events()` gives.
 */
export async function measureLibrary() {
  // Imported here: the other parts also run where the library has not been built.
  const library = await import("@sonde/host");
  const rows = [
    [
      "",
      "",
      "made/s",
      "delivered/s",
      "delivered",
      "lost",
      "unaccounted",
      "agent CPU/event",
      "host",
    ],
  ];
  for (const { title, count, ratePerSecond } of loads) {
    for (const reader of /** @type {const} */ (["records", "values"])) {
      const result = await traceOnce(library, { count, ratePerSecond }, reader);
      const each = (/** @type {number} */ seconds) =>
        `${((seconds / result.delivered) * 1e9).toFixed(0)} ns`;
      rows.push([
        title,
        reader,
        grouped(result.made / result.seconds),
        grouped(result.delivered / result.tracedSeconds),
        `${((result.delivered / result.made) * 100).toFixed(1)} %`,
        grouped(result.lost),
        grouped(result.made - result.delivered - result.lost),
        each(result.agentCpuSeconds),
        each(result.hostCpuSeconds),
      ]);
    }
  }
  return formatTable(rows);
}

/** The same events through each agent: how much of one core it takes to pass them on, and what memory beside the rings. */
export async function measureAgents() {
  const library = await import("@sonde/host");
  const rows = [
    ["agent", "made/s", "delivered", "lost", "unaccounted", "of one core", "CPU/event", "memory"],
  ];
  const chosen = process.env["SONDE_AGENT"];
  const runs = agentLoads.flatMap((load) => agents.map((agent) => ({ agent, load })));
  for (const { agent, load } of runs) {
    process.env["SONDE_AGENT"] = agent;
    const result = await traceOnce(library, load, "records");
    rows.push([
      agent,
      grouped(result.made / result.seconds),
      `${((result.delivered / result.made) * 100).toFixed(1)} %`,
      grouped(result.lost),
      grouped(result.made - result.delivered - result.lost),
      `${((result.agentCpuSeconds / result.tracedSeconds) * 100).toFixed(0)} %`,
      `${((result.agentCpuSeconds / result.delivered) * 1e9).toFixed(0)} ns`,
      `${(result.agentOwnBytes / 1e6).toFixed(2)} MB`,
    ]);
  }
  if (chosen === undefined) delete process.env["SONDE_AGENT"];
  else process.env["SONDE_AGENT"] = chosen;
  return formatTable(rows);
}

/**
 * @param {typeof import("@sonde/host")} library
 * @param {{ readonly count: number, readonly ratePerSecond: number }} load
 * @param {"records" | "values"} reader
 */
async function traceOnce(library, load, reader) {
  const generator = await startGenerator({ ...load, cpu: 1 });
  const mine = new Set(processTree(process.pid));
  const target = await library.connect("local:");
  try {
    const agents = processTree(process.pid).filter((pid) => !mine.has(pid));
    const agentCpu = () => agents.reduce((sum, pid) => sum + cpuSeconds(pid), 0);
    // Only the generator's calls, so that what is delivered and lost can be set against what was made.
    const program = await target.compile(source.replace("{", `/pid == ${generator.pid}/ {`));
    const trace = await target.start(program);
    const counter = reader === "records" ? countRecords(trace) : countValues(trace);
    const agentBefore = agentCpu();
    const hostBefore = process.cpuUsage();
    const begin = performance.now();
    const made = await generator.run();
    const agentOwnBytes = memoryOf(agents).ownBytes;
    const { lost } = await trace.stop();
    const delivered = await counter;
    const host = process.cpuUsage(hostBefore);
    return {
      made: made.count,
      seconds: made.seconds,
      tracedSeconds: (performance.now() - begin) / 1000,
      delivered,
      lost: Number(lost),
      agentCpuSeconds: agentCpu() - agentBefore,
      agentOwnBytes,
      hostCpuSeconds: (host.user + host.system) / 1e6,
    };
  } finally {
    await target.close();
    generator.stop();
  }
}

/** @param {import("@sonde/host").Trace} trace */
async function countRecords(trace) {
  let count = 0;
  let sum = 0n;
  /** @type {DataView | undefined} */
  let view;
  const isLittleEndian = trace.context.byteOrder === "little";
  await trace.run({
    record(bytes, offset) {
      if (view?.buffer !== bytes.buffer || view.byteOffset !== bytes.byteOffset) {
        view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      }
      for (let field = offset + 8; field < offset + 32; field += 8) {
        sum ^= view.getBigUint64(field, isLittleEndian);
      }
      count += 1;
    },
    event() {},
    flush() {},
    ready: () => undefined,
  });
  if (sum < 0n) {
    throw new TypeError("an unsigned field was negative");
  }
  return count;
}

/** @param {import("@sonde/host").Trace} trace */
async function countValues(trace) {
  let count = 0;
  for await (const event of trace.events()) {
    if (event.kind === "printf") {
      count += 1;
    }
  }
  return count;
}

function grouped(/** @type {number} */ number) {
  return Math.round(number).toLocaleString("en");
}
