import { type TargetDescription } from "../../src/spec/target-description.js";
import { linux618x64 } from "./linux-6.18-x64.js";

/** A kernel from before ring buffers, user and kernel reads told apart, pointers into map values, 32-bit jumps. */
export const linux419x64: TargetDescription = {
  ...linux618x64,
  release: "4.19.0",
  buildId: "4190000000000000000000000000000000000000",
  hasBtf: false,
  features: ["tracepoint", "raw_tracepoint", "perf_event", "kprobe", "uprobe", "get_stack"],
};
