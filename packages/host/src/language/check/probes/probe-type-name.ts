import { type ProbeType } from "./concrete-probe.js";

/** What bpftrace calls a kind of probes. */
export function probeTypeName(type: ProbeType): string {
  if (type === "begin" || type === "end" || type === "self") return "special";
  return type === "bench" ? "benchmark" : type;
}
