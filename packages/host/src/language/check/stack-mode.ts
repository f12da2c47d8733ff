import { type StackMode } from "../../spec/value-type.js";

/** The mode of this name. */
export function stackMode(name: string): StackMode | undefined {
  return name === "bpftrace" || name === "perf" || name === "raw" ? name : undefined;
}
