import { type PlanStep } from "@sonde/protocol";
import { type LoadReport } from "../session/session.js";

/** Says on standard error what was made in the target's kernel: --verbose. */
export function tellLoaded(report: LoadReport): void {
  process.stderr.write(formatLoaded(report));
}

/** What was made in the target's kernel, a line for each step, with the mechanism that attached each probe. */
export function formatLoaded({ plan, results }: LoadReport): string {
  const lines = plan.steps.map((step, index) => {
    const { mechanism, refusal } = results[index] ?? {};
    if (refusal !== undefined) return `did not ${refusal}\n`;
    return `${describe(step)}${mechanism === undefined ? "" : ` (${mechanism})`}\n`;
  });
  return lines.join("");
}

function describe(step: PlanStep): string {
  switch (step.kind) {
    case "createMap":
      return `map ${step.name}: key ${step.keySizeBytes}, value ${step.valueSizeBytes}, ${step.maxEntries} entries`;
    case "fillMap":
      return `filled a map with ${step.entries.length} entries`;
    case "fillSlots":
      return `put ${step.slots.length} maps or programs into a map`;
    case "freezeMap":
      return "froze a map";
    case "loadBtf":
      return `types: ${step.data.length} bytes of BTF`;
    case "openModuleBtf":
      return `types of module ${step.module}`;
    case "loadProgram":
      return `program ${step.name}: ${step.instructions.length / 8} instructions`;
    case "openStream":
      return `stream of events, ${step.creditBytes} bytes of credit`;
    case "openTaskStream":
      return `records of processes, ${step.creditBytes} bytes of credit`;
    case "runProgram":
      return "ran a program";
    case "attachTracepoint":
      return `attached tracepoint:${step.category}:${step.name}`;
    case "attachRawTracepoint":
      return `attached rawtracepoint:${step.name}`;
    case "attachTracing":
      return "attached by BTF";
    case "attachKprobe":
      return `attached ${step.isReturn ? "kretprobe" : "kprobe"}:${step.symbol}+${step.offset}`;
    case "attachUprobe":
      return `attached ${step.isReturn ? "uretprobe" : "uprobe"}:${step.path}:0x${step.offset.toString(16)}`;
    case "attachKprobeMulti":
      return `attached ${step.isReturn ? "kretprobe" : "kprobe"} to ${step.symbols.length} functions`;
    case "attachUprobeMulti":
      return `attached ${step.isReturn ? "uretprobe" : "uprobe"}:${step.path} at ${step.places.length} places`;
    case "attachPerfEvent":
      return `attached perf event ${step.type}:${step.config} on ${step.cpus === "each" ? "each CPU" : "one CPU"}`;
  }
}
