// npm run bench: sonde beside the bpftrace that is installed, on this machine, in one run. Ratios are sonde's figure over
// bpftrace's. Needs root. `npm run bench -- startup throughput` runs these parts only.
import { cpus, release } from "node:os";
import { measureBoardSide } from "./agents.js";
import { measureAgreement } from "./agreement.js";
import { measureAgents, measureLibrary } from "./library.js";
import { findBpftrace, findSonde } from "./peers.js";
import { measureFaultyLines, measureLines } from "./lines.js";
import { measureObjects } from "./objects.js";
import { measureProgramCost } from "./program-cost.js";
import { measureStartup } from "./startup.js";
import { measureStop } from "./stop.js";
import { measureThroughput } from "./throughput.js";

const parts = [
  {
    name: "startup",
    title: "From the command to its first event, and to its end",
    measure: measureStartup,
  },
  { name: "throughput", title: "Every event printed", measure: measureThroughput },
  {
    name: "library",
    title: "32-byte events into a script, nothing printed (sonde alone)",
    measure: measureLibrary,
  },
  {
    name: "agents",
    title: "32-byte events, passed on by each agent (sonde alone)",
    measure: measureAgents,
  },
  {
    name: "board-side",
    title: "What runs on a board",
    measure: measureBoardSide,
  },
  {
    name: "program-cost",
    title: "One run of the program in the kernel",
    measure: measureProgramCost,
  },
  {
    name: "stop",
    title:
      "From Ctrl-C in a trace of hundreds of probes that print, with their agent (sonde alone)",
    measure: measureStop,
  },
  {
    name: "objects",
    title: "The largest object of libbpf-tools, fitted to this kernel's types and planned",
    measure: measureObjects,
  },
  {
    name: "agreement",
    title:
      "Frames of 10,000 stacks that bpftrace and perf name, and how many of them sonde names the same",
    measure: measureAgreement,
  },
  {
    name: "lines",
    title: "opensnoop over ser2net and a line of 115,200 baud (sonde alone)",
    measure: measureLines,
  },
  {
    name: "faulty-lines",
    title:
      "More events than a line of 115,200 baud carries, and what of them it delivers (sonde alone)",
    measure: measureFaultyLines,
  },
];

if (process.getuid?.() !== 0) {
  console.error("bench: run me as root (loading BPF programs needs it)");
  process.exit(1);
}
const peers = [findSonde(), findBpftrace()].filter((peer) => peer !== undefined);
const names = process.argv.slice(2);
const unknown = names.filter((name) => !parts.some((part) => part.name === name));
if (unknown.length > 0) {
  console.error(
    `bench: no such part: ${unknown.join(", ")} (${parts.map(({ name }) => name).join(", ")})`,
  );
  process.exit(1);
}

console.log(`${peers.map(({ name, version }) => `${name} ${version}`).join(", ")}`);
console.log(
  `Linux ${release()}, ${cpus().length} CPUs (${cpus()[0]?.model ?? "unknown"}), Node ${process.version}`,
);
if (peers.length < 2) {
  console.log(
    "Nothing to compare with: build sonde (npm ci), install bpftrace (scripts/setup-machine.sh).",
  );
}
for (const { name, title, measure } of parts) {
  if (names.length === 0 || names.includes(name)) {
    console.log(`\n${title}\n\n${await measure(peers)}`);
  }
}
