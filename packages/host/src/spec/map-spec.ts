import { type BtfTypeId } from "../btf/types.js";

/** A blueprint of a map. Kinds are the kernel's, in lower case, less BPF_MAP_TYPE_. */
export interface MapSpec {
  /** Unique in its object; the kernel is told the first 15 characters that it takes. */
  readonly name: string;
  readonly type: MapType;
  readonly keySizeBytes: number;
  /** For per-CPU maps, of one CPU's value. */
  readonly valueSizeBytes: number;
  /** 0 on a perf event array: one for each possible CPU of the target. */
  readonly maxEntries: number;
  /** BPF_F_*. */
  readonly flags: number;
  /** Written before anything is attached; for per-CPU maps the value is every CPU's. */
  readonly contents?: readonly { readonly key: Uint8Array; readonly value: Uint8Array }[];
  /** What the kernel is told as its name, when that is not the beginning of `name`. */
  readonly kernelName?: string;
  /** map_extra of union bpf_attr. */
  readonly extra?: bigint;
  readonly numaNode?: number;
  /** What keys and values are, in the object's types; 0: not said. */
  readonly types?: { readonly key: BtfTypeId; readonly value: BtfTypeId };
  /** What the maps are like that it holds. */
  readonly inner?: Omit<MapSpec, "contents" | "slots" | "inner">;
  /** Maps or programs of the object that it holds from the start, by index. */
  readonly slots?: readonly { readonly index: number; readonly name: string }[];
  /** No system call can change what it holds, so that the verifier knows it. */
  readonly isFrozen?: boolean;
  /** A path below bpffs: the map that is there is taken, or this one is put there and stays. */
  readonly pinPath?: string;
}

/** enum bpf_map_type (include/uapi/linux/bpf.h). */
export const mapTypes = {
  hash: 1,
  array: 2,
  prog_array: 3,
  perf_event_array: 4,
  percpu_hash: 5,
  percpu_array: 6,
  stack_trace: 7,
  cgroup_array: 8,
  lru_hash: 9,
  lru_percpu_hash: 10,
  lpm_trie: 11,
  array_of_maps: 12,
  hash_of_maps: 13,
  devmap: 14,
  sockmap: 15,
  cpumap: 16,
  xskmap: 17,
  sockhash: 18,
  cgroup_storage: 19,
  reuseport_sockarray: 20,
  percpu_cgroup_storage: 21,
  queue: 22,
  stack: 23,
  sk_storage: 24,
  devmap_hash: 25,
  struct_ops: 26,
  ringbuf: 27,
  inode_storage: 28,
  task_storage: 29,
  bloom_filter: 30,
  user_ringbuf: 31,
  cgrp_storage: 32,
  arena: 33,
  insn_array: 34,
} as const;
export type MapType = keyof typeof mapTypes;

/** BPF_F_NO_PREALLOC, BPF_F_RDONLY_PROG, BPF_F_MMAPABLE (include/uapi/linux/bpf.h). */
export const mapFlags = { noPreallocation: 1, readOnlyProgram: 1 << 7, mmapable: 1 << 10 } as const;
