/** What is known of a target when a program is compiled: a small value, so that every compile can be reproduced. */
export interface TargetDescription {
  readonly release: string;
  readonly machine: string;
  readonly architecture:
    | "x64"
    | "arm64"
    | "arm"
    | "ia32"
    | "riscv64"
    | "mips"
    | "mipsel"
    | "ppc64"
    | "s390x"
    | "loong64";
  /** Of the kernel, in bytes. */
  readonly pointerSize: 4 | 8;
  readonly byteOrder: "little" | "big";
  readonly pageSize: number;
  readonly possibleCpuCount: number;
  readonly onlineCpuCount: number;
  readonly buildId: string;
  readonly bootId: string;
  readonly hasBtf: boolean;
  /** CLOCK_REALTIME minus CLOCK_BOOTTIME and minus CLOCK_MONOTONIC, in nanoseconds. */
  readonly realtimeMinusBoottime: bigint;
  readonly realtimeMinusMonotonic: bigint;
  /** The agent's, where that is not the initial one, by st_dev (major << 32 | minor) and st_ino. */
  readonly pidNamespace?: { readonly device: bigint; readonly inode: bigint };
  /** Names of the features that the agent's probes found; a name that is absent is lacking or was not probed. */
  readonly features: readonly FeatureName[];
}

/** Features that decide how code is generated or loaded; the agent's `features/` probes them under these names. */
export type FeatureName =
  | "tracepoint" //             BPF_PROG_TYPE_TRACEPOINT
  | "raw_tracepoint" //         BPF_PROG_TYPE_RAW_TRACEPOINT (4.17)
  | "perf_event" //             BPF_PROG_TYPE_PERF_EVENT
  | "kprobe" //                 a kprobe PMU or kprobe_events in tracefs
  | "uprobe" //                 a uprobe PMU or uprobe_events in tracefs
  | "kprobe_multi" //           BPF_TRACE_KPROBE_MULTI (5.18)
  | "uprobe_multi" //           BPF_TRACE_UPROBE_MULTI (6.6)
  | "uprobe_semaphore" //       a uprobe counts who waits for it, as USDT has it (4.20)
  | "hardware_event" //         the processor's own counters
  | "breakpoint" //             memory that is watched
  | "ringbuf" //                BPF_MAP_TYPE_RINGBUF (5.8)
  | "map_mmapable" //           BPF_F_MMAPABLE arrays (5.5)
  | "map_value_pointer" //      BPF_PSEUDO_MAP_VALUE (5.2)
  | "map_batch" //              BPF_MAP_LOOKUP_BATCH (5.6)
  | "map_lookup_and_delete" //  BPF_MAP_LOOKUP_AND_DELETE_ELEM of hash maps (5.14)
  | "hash_without_preallocation" // BPF_F_NO_PREALLOC safe in every tracing program (6.1)
  | "perf_event_link" //        BPF_LINK_CREATE of perf events (5.15)
  | "program_run" //            BPF_PROG_TEST_RUN of raw tracepoints (5.10)
  | "probe_read" //             helpers 4 and 45, which tell by the address whose memory it is (not on s390x since 5.5)
  | "probe_read_kernel" //      helpers 112 to 115 (5.5)
  | "ktime_get_boot_ns" //      helper 125 (5.8)
  | "get_current_task_btf" //   helper 158 (5.11)
  | "get_stack" //              helper 67 (4.18)
  | "bounded_loops" //          (5.3)
  | "bpf_loop" //               helper 181 (5.17)
  | "for_each_map_elem" //      helper 164 (5.13)
  | "map_lookup_percpu_elem" // helper 195 (5.19)
  | "trace_vprintk" //          helper 177 (5.16)
  | "atomic_fetch" //           BPF_ATOMIC with BPF_FETCH (5.12)
  | "jump32" //                 BPF_JMP32 (5.1)
  | "large_program" //          a million verified instructions (5.2)
  | "program_btf" //            BPF_BTF_LOAD with functions (5.0): line information, callbacks
  | "btf_datasec" //            sections of variables (5.2)
  | "btf_global_function" //    (5.6)
  | "btf_float" //              (5.13)
  | "btf_decl_tag" //           (5.16)
  | "btf_type_tag" //           (5.17)
  | "btf_enum64" //             (6.0)
  | "btf_optional_section" //   names of sections that begin with "?" (6.9)
  | "attach_cookie" //          helper 174 (5.15)
  | "btf"; //                   /sys/kernel/btf/vmlinux can be read
