import {
  BPF_MAP_TYPE_ARRAY,
  BPF_MAP_TYPE_ARRAY_OF_MAPS,
  BPF_MAP_TYPE_CGROUP_ARRAY,
  BPF_MAP_TYPE_HASH,
  BPF_MAP_TYPE_HASH_OF_MAPS,
  BPF_MAP_TYPE_LPM_TRIE,
  BPF_MAP_TYPE_LRU_HASH,
  BPF_MAP_TYPE_LRU_PERCPU_HASH,
  BPF_MAP_TYPE_PERCPU_ARRAY,
  BPF_MAP_TYPE_PERCPU_HASH,
  BPF_MAP_TYPE_PERF_EVENT_ARRAY,
  BPF_MAP_TYPE_PROG_ARRAY,
  BPF_MAP_TYPE_QUEUE,
  BPF_MAP_TYPE_RINGBUF,
  BPF_MAP_TYPE_STACK,
  BPF_MAP_TYPE_STACK_TRACE,
} from "../kernel/uapi.js";

/** How a map's entries are reached. */
export type MapKind =
  /** Entries come and go. */
  | "table"
  /** Every index has an entry, always. */
  | "array"
  /** Values without keys, taken one by one. */
  | "queue"
  /** Descriptors, or nothing that user space can read: not the host's to touch. */
  | "opaque";

/** What enum bpf_map_type (include/uapi/linux/bpf.h) says of each that a tracer uses; others are opaque. */
const kinds: Readonly<Record<number, MapKind>> = {
  [BPF_MAP_TYPE_HASH]: "table",
  [BPF_MAP_TYPE_ARRAY]: "array",
  [BPF_MAP_TYPE_PROG_ARRAY]: "opaque",
  [BPF_MAP_TYPE_PERF_EVENT_ARRAY]: "opaque",
  [BPF_MAP_TYPE_PERCPU_HASH]: "table",
  [BPF_MAP_TYPE_PERCPU_ARRAY]: "array",
  [BPF_MAP_TYPE_STACK_TRACE]: "table",
  [BPF_MAP_TYPE_CGROUP_ARRAY]: "opaque",
  [BPF_MAP_TYPE_LRU_HASH]: "table",
  [BPF_MAP_TYPE_LRU_PERCPU_HASH]: "table",
  [BPF_MAP_TYPE_LPM_TRIE]: "table",
  [BPF_MAP_TYPE_ARRAY_OF_MAPS]: "opaque",
  [BPF_MAP_TYPE_HASH_OF_MAPS]: "opaque",
  [BPF_MAP_TYPE_QUEUE]: "queue",
  [BPF_MAP_TYPE_STACK]: "queue",
  [BPF_MAP_TYPE_RINGBUF]: "opaque",
};

const perCpuTypes: ReadonlySet<number> = new Set([
  BPF_MAP_TYPE_PERCPU_HASH,
  BPF_MAP_TYPE_PERCPU_ARRAY,
  BPF_MAP_TYPE_LRU_PERCPU_HASH,
]);

export function mapKind(type: number): MapKind {
  return kinds[type] ?? "opaque";
}

/** Whether a value is one for each possible CPU. */
export function isPerCpu(type: number): boolean {
  return perCpuTypes.has(type);
}
