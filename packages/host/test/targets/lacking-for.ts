import { type Instruction } from "../../src/asm/instruction.js";
import { type AttachmentSpec } from "../../src/spec/attachment-spec.js";
import { type ObjectSpec } from "../../src/spec/object-spec.js";
import { type FeatureName, type TargetDescription } from "../../src/spec/target-description.js";

/** Helpers that not every kernel has, by their number (include/uapi/linux/bpf.h). */
const helperFeatures = new Map<number, FeatureName>([
  [67, "get_stack"],
  [112, "probe_read_kernel"],
  [113, "probe_read_kernel"],
  [114, "probe_read_kernel"],
  [115, "probe_read_kernel"],
  [125, "ktime_get_boot_ns"],
  [130, "ringbuf"],
  [131, "ringbuf"],
  [132, "ringbuf"],
  [133, "ringbuf"],
  [134, "ringbuf"],
  [158, "get_current_task_btf"],
  [164, "for_each_map_elem"],
  [177, "trace_vprintk"],
  [181, "bpf_loop"],
  [195, "map_lookup_percpu_elem"],
]);

/** BPF_F_MMAPABLE (include/uapi/linux/bpf.h). */
const mmapable = 1 << 10;

/** What of the kernel an object uses, and the target has not: by the names of features. */
export function lackingFor(
  { programs, maps, attachments, runs }: ObjectSpec,
  { features }: TargetDescription,
): readonly FeatureName[] {
  const used = [
    ...programs.flatMap(({ instructions }) => instructions.map(featureOfInstruction)),
    ...maps.map(({ type }) => (type === "ringbuf" ? "ringbuf" : undefined)),
    ...maps.map(({ flags }) => ((flags & mmapable) === 0 ? undefined : "map_mmapable")),
    ...attachments.map(featureOfAttachment),
    ...runs.map((): FeatureName => "program_run"),
  ];
  const names = new Set(used.filter((name) => name !== undefined));
  return [...names].filter((name) => !features.includes(name));
}

function featureOfInstruction(instruction: Instruction): FeatureName | undefined {
  switch (instruction.kind) {
    case "call":
      return helperFeatures.get(instruction.helper);
    case "loadMap":
      return instruction.valueOffset === undefined ? undefined : "map_value_pointer";
    case "atomicExchange":
      return "atomic_fetch";
    case "jumpIf":
      return instruction.width === 32 ? "jump32" : undefined;
    default:
      return undefined;
  }
}

function featureOfAttachment({ kind }: AttachmentSpec): FeatureName | undefined {
  switch (kind) {
    case "kprobe":
      return "kprobe";
    case "kprobeMulti":
      return "kprobe_multi";
    case "uprobe":
      return "uprobe";
    case "uprobeMulti":
      return "uprobe_multi";
    case "perfEvent":
      return "perf_event";
    case "rawTracepoint":
      return "raw_tracepoint";
    case "tracepoint":
      return "tracepoint";
    case "iterator":
    case "tracing":
      return "btf";
  }
}
