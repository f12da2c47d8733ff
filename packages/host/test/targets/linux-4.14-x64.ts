import { type TargetDescription } from "../../src/spec/target-description.js";
import { linux419x64 } from "./linux-4.19-x64.js";

/** A kernel whose programs cannot read their stack: it numbers stacks for them. */
export const linux414x64: TargetDescription = {
  ...linux419x64,
  release: "4.14.0",
  buildId: "4140000000000000000000000000000000000000",
  features: ["tracepoint", "perf_event", "kprobe", "uprobe"],
};
