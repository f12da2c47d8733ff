import { openSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { findSonde } from "./peers.js";
import { sleep, start } from "./process.js";
import { formatTable } from "./table.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const agents = [
  {
    name: "micro agent",
    command: [join(root, "packages/agent/dist/micro", `sonde-agent-${process.arch}`)],
  },
  {
    name: "Node's agent",
    command: [process.execPath, join(root, "packages/agent/bin/sonde-agent.cjs")],
  },
];

const calls = ["s", "m", "f", "g", "p"].map((letter) => `tracepoint:syscalls:sys_enter_${letter}*`);
/** Hundreds of probes each; those that read what only their own record has are attached one by one. */
const kinds = [
  { name: "system calls", probes: calls.join(", "), value: "args.__syscall_nr" },
  { name: "functions of libc", probes: "uprobe:libc:s*", value: "arg0" },
  { name: "records of their own", probes: calls.join(", "), value: "ctx != 0" },
];
const endText = "the end's own text";
/** Makes events all the while. */
const load = "while :; do read -r line < /proc/self/stat; kill -0 $$; done";
const runs = 5;

/**
 * Interrupts a trace of many probes, as Ctrl-C does, while events come: when the last of them was printed, when the end's own text
 * was, when all was over, and how long the agent kept another session waiting meanwhile. The least of some runs, except
 * for what is to stay below a bound: there the most.
 */
export async function measureStop() {
  const rows = [
    [
      "",
      "of",
      "probes",
      "last event after",
      "end's text after",
      "over after",
      "another's request took",
    ],
  ];
  for (const [kind, { name, command }] of kinds.flatMap((kind) =>
    agents.map((agent) => /** @type {const} */ ([kind, agent])),
  )) {
    /** @type {Awaited<ReturnType<typeof interruptOnce>>[]} */
    const results = [];
    for (let run = 0; run < runs; run++) results.push(await interruptOnce(command, kind));
    const of = (/** @type {keyof Awaited<ReturnType<typeof interruptOnce>>} */ key) =>
      results.map((result) => result[key]);
    rows.push([
      name,
      kind.name,
      String(Math.max(...of("probes"))),
      `${range(of("lastEvent"))} ms`,
      `${range(of("endText"))} ms`,
      `${range(of("over"))} ms`,
      `${range(of("ping"))} ms`,
    ]);
  }
  return formatTable(rows);
}

function range(/** @type {readonly number[]} */ values) {
  return `${Math.min(...values).toFixed(0)} to ${Math.max(...values).toFixed(0)}`;
}

/**
 * @param {readonly string[]} command
 * @param {(typeof kinds)[number]} kind
 */
async function interruptOnce(command, { probes, value }) {
  const program = `${probes} { printf("%s %d\\n", probe, ${value}); } end { printf("${endText}\\n"); }`;
  const { connect } = await import("@sonde/host");
  const agent = start([...command, "--listen", "ws://127.0.0.1:0"], openSync("/dev/null", "w"));
  const worker = start(["sh", "-c", load], openSync("/dev/null", "w"));
  try {
    const address = await said(agent, /^listening on (\S+)$/m);
    const other = await connect(address);
    const sonde = findSonde();
    if (sonde === undefined) throw new TypeError("sonde has not been built");
    const trace = start([...sonde.trace(program), "-t", address], "pipe");
    const attached = await said(trace, /^Attached (\d+) probes$/m);
    let lastEvent = 0;
    let endTextAt = 0;
    trace.child.stdout?.on("data", (/** @type {Buffer} */ text) => {
      if (/^(tracepoint|uprobe):/m.test(text.toString())) lastEvent = performance.now();
      if (text.includes(endText)) endTextAt = performance.now();
    });
    await sleep(300);
    const begin = performance.now();
    trace.child.kill("SIGINT");
    let isOver = false;
    void trace.ended.then(() => {
      isOver = true;
    });
    let ping = 0;
    while (!isOver) {
      const before = performance.now();
      await other.session.peer.call("clock.read", {});
      ping = Math.max(ping, performance.now() - before);
      await sleep(5);
    }
    await other.close();
    return {
      probes: Number(attached),
      lastEvent: Math.max(0, lastEvent - begin),
      endText: endTextAt - begin,
      over: performance.now() - begin,
      ping,
    };
  } finally {
    for (const { child, ended } of [worker, agent]) {
      child.kill("SIGTERM");
      await ended;
    }
  }
}

/**
 * Waits until a program has said something on standard error; gives the part in parentheses.
 *
 * @param {ReturnType<typeof start>} program
 * @param {RegExp} pattern
 * @returns {Promise<string>}
 */
async function said({ child, said: text }, pattern) {
  return await new Promise((resolve, reject) => {
    const look = () => {
      const found = pattern.exec(text())?.[1];
      if (found !== undefined) resolve(found);
    };
    child.stderr?.on("data", look);
    child.once("exit", () => {
      reject(new TypeError(`it ended: ${text()}`));
    });
    look();
  });
}
