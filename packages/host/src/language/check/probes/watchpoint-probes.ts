import { type AttachPointContext } from "./attach-point-context.js";
import { type ConcreteProbe } from "./concrete-probe.js";
import { perfEventTypes, perfProbe } from "./perf-probes.js";

/** HW_BREAKPOINT_* (include/uapi/linux/hw_breakpoint.h). */
const accesses: ReadonlyMap<string, number> = new Map([
  ["r", 1],
  ["w", 2],
  ["x", 4],
]);

/** What processors can tell apart: x86-64 has no watching of reads alone. */
const possibleModes: ReadonlySet<string> = new Set(["x", "w", "rw"]);

/** `watchpoint:0x10000000:8:rw`: memory that a process (-p, -c) or the kernel reads, writes or executes. */
export function expandWatchpoint(context: AttachPointContext): ConcreteProbe[] {
  if (!context.takes([3], "address:length:mode")) return [];
  const [first, second, third] = context.parts.map(({ text }) => text);
  const address = context.requireInteger(first ?? "", "Invalid function/address argument");
  const length = context.requireInteger(second ?? "", "Invalid length argument");
  const mode = readMode(context, third ?? "");
  if (address === undefined || length === undefined || mode === undefined) return [];
  if (address === 0n) {
    context.fault("watchpoint must be attached to a non-zero address");
    return [];
  }
  if (![1n, 2n, 4n, 8n].includes(length)) {
    context.fault("watchpoint length must be one of (1,2,4,8)");
    return [];
  }
  if (!context.target.features.includes("breakpoint")) {
    context.noMatch("The target's processor watches no memory for the kernel (breakpoints)", []);
    return [];
  }
  const attachment = {
    kind: "perfEvent",
    type: perfEventTypes.breakpoint,
    config: 0n,
    sampling: { period: 1n },
    cpus: "each",
    breakpoint: { type: mode, address, sizeBytes: Number(length) },
    ...context.optional,
    ...(context.pid === undefined ? {} : { pid: context.pid }),
  } as const;
  const name = `watchpoint:0x${address.toString(16)}:${length}:${third ?? ""}`;
  return [{ ...perfProbe(context, name), attachment }];
}

function readMode(context: AttachPointContext, text: string): number | undefined {
  const letters = [...text];
  if (letters.some((letter) => !accesses.has(letter))) {
    return context.fault("watchpoint mode must be combination of (r,w,x)");
  }
  if (new Set(letters).size < letters.length) {
    return context.fault("watchpoint modes may not be duplicated");
  }
  if (!possibleModes.has([...letters].sort().join(""))) {
    const hints = ["supported modes: x,w,rw"];
    return context.fault(`invalid watchpoint mode: ${text}`, context.span, hints);
  }
  return letters.reduce((bits, letter) => bits | (accesses.get(letter) ?? 0), 0);
}
