/** Numbers of the kernel's interface, in its own spelling. */

/** enum bpf_cmd (include/uapi/linux/bpf.h). */
export const BPF_MAP_CREATE = 0;
export const BPF_MAP_LOOKUP_ELEM = 1;
export const BPF_MAP_UPDATE_ELEM = 2;
export const BPF_MAP_DELETE_ELEM = 3;
export const BPF_MAP_GET_NEXT_KEY = 4;
export const BPF_PROG_LOAD = 5;
export const BPF_OBJ_PIN = 6;
export const BPF_OBJ_GET = 7;
export const BPF_PROG_TEST_RUN = 10;
export const BPF_OBJ_GET_INFO_BY_FD = 15;
export const BPF_ENABLE_STATS = 32;
export const BPF_RAW_TRACEPOINT_OPEN = 17;
export const BPF_BTF_LOAD = 18;
export const BPF_BTF_GET_FD_BY_ID = 19;
export const BPF_MAP_LOOKUP_AND_DELETE_ELEM = 21;
export const BPF_MAP_FREEZE = 22;
export const BPF_BTF_GET_NEXT_ID = 23;
export const BPF_MAP_LOOKUP_BATCH = 24;
export const BPF_MAP_LOOKUP_AND_DELETE_BATCH = 25;
export const BPF_LINK_CREATE = 28;
export const BPF_ITER_CREATE = 33;

/** enum bpf_map_type (include/uapi/linux/bpf.h). */
export const BPF_MAP_TYPE_HASH = 1;
export const BPF_MAP_TYPE_ARRAY = 2;
export const BPF_MAP_TYPE_PROG_ARRAY = 3;
export const BPF_MAP_TYPE_PERF_EVENT_ARRAY = 4;
export const BPF_MAP_TYPE_PERCPU_HASH = 5;
export const BPF_MAP_TYPE_PERCPU_ARRAY = 6;
export const BPF_MAP_TYPE_STACK_TRACE = 7;
export const BPF_MAP_TYPE_CGROUP_ARRAY = 8;
export const BPF_MAP_TYPE_LRU_HASH = 9;
export const BPF_MAP_TYPE_LRU_PERCPU_HASH = 10;
export const BPF_MAP_TYPE_LPM_TRIE = 11;
export const BPF_MAP_TYPE_ARRAY_OF_MAPS = 12;
export const BPF_MAP_TYPE_HASH_OF_MAPS = 13;
export const BPF_MAP_TYPE_QUEUE = 22;
export const BPF_MAP_TYPE_STACK = 23;
export const BPF_MAP_TYPE_RINGBUF = 27;

/** Map flags (include/uapi/linux/bpf.h). */
export const BPF_F_NO_PREALLOC = 1 << 0;
export const BPF_F_MMAPABLE = 1 << 10;

/** enum bpf_prog_type (include/uapi/linux/bpf.h). */
export const BPF_PROG_TYPE_KPROBE = 2;
export const BPF_PROG_TYPE_TRACEPOINT = 5;
export const BPF_PROG_TYPE_PERF_EVENT = 7;
export const BPF_PROG_TYPE_RAW_TRACEPOINT = 17;

/** enum bpf_attach_type (include/uapi/linux/bpf.h). */
export const BPF_PERF_EVENT = 41;
export const BPF_TRACE_KPROBE_MULTI = 42;
export const BPF_TRACE_UPROBE_MULTI = 48;

/** Flags of links of many probes (include/uapi/linux/bpf.h). */
export const BPF_F_KPROBE_MULTI_RETURN = 1 << 0;
export const BPF_F_UPROBE_MULTI_RETURN = 1 << 0;

/** src_reg of LD_IMM64 (include/uapi/linux/bpf.h). */
export const BPF_PSEUDO_MAP_FD = 1;
export const BPF_PSEUDO_MAP_VALUE = 2;
export const BPF_PSEUDO_BTF_ID = 3;
export const BPF_PSEUDO_MAP_IDX = 5;
export const BPF_PSEUDO_MAP_IDX_VALUE = 6;

/** src_reg of a call: a function of the kernel's, by its BTF id. */
export const BPF_PSEUDO_KFUNC_CALL = 2;

/** BPF_LD | BPF_IMM | BPF_DW (include/uapi/linux/bpf.h): the one instruction that takes two slots. */
export const BPF_LD_IMM64 = 0x18;

/** BPF_OBJ_NAME_LEN (include/uapi/linux/bpf.h), with the NUL. */
export const BPF_OBJ_NAME_LEN = 16;

/** enum perf_type_id, enum perf_hw_id, enum perf_sw_ids, enum perf_event_sample_format (include/uapi/linux/perf_event.h). */
export const PERF_TYPE_HARDWARE = 0;
export const PERF_TYPE_SOFTWARE = 1;
export const PERF_TYPE_TRACEPOINT = 2;
export const PERF_TYPE_BREAKPOINT = 5;
export const PERF_COUNT_HW_CPU_CYCLES = 0;
export const PERF_COUNT_SW_DUMMY = 9;
export const PERF_COUNT_SW_BPF_OUTPUT = 10;
export const PERF_SAMPLE_TIME = 1 << 2;
export const PERF_SAMPLE_RAW = 1 << 10;

/** include/uapi/linux/hw_breakpoint.h */
export const HW_BREAKPOINT_W = 2;

/** Flags of perf_event_open(2) (include/uapi/linux/perf_event.h). */
export const PERF_FLAG_FD_CLOEXEC = 1 << 3;

/** struct perf_event_mmap_page (include/uapi/linux/perf_event.h). */
export const PERF_PAGE_DATA_HEAD = 1024;
export const PERF_PAGE_DATA_TAIL = 1032;

/** In a record's length word (include/uapi/linux/bpf.h); the busy bit above it is the sign. */
export const BPF_RINGBUF_DISCARD_BIT = 0x4000_0000;

/** Clocks (include/uapi/linux/time.h). */
export const CLOCK_REALTIME = 0;
export const CLOCK_MONOTONIC = 1;
export const CLOCK_PROCESS_CPUTIME_ID = 2;
export const CLOCK_BOOTTIME = 7;

/** include/uapi/linux/fcntl.h and include/uapi/linux/stat.h */
export const AT_FDCWD = -100;
export const AT_EMPTY_PATH = 0x1000;
export const STATX_BASIC_STATS = 0x7ff;
export const S_IFMT = 0o170_000;
export const S_IFDIR = 0o040_000;
export const S_IFREG = 0o100_000;
export const S_IFSOCK = 0o140_000;

/** include/uapi/linux/auxvec.h */
export const AT_PAGESZ = 6;

/** include/uapi/linux/capability.h */
export const capabilityBits = {
  CAP_DAC_READ_SEARCH: 2,
  CAP_SYS_PTRACE: 19,
  CAP_SYS_ADMIN: 21,
  CAP_SYS_RESOURCE: 24,
  CAP_SYSLOG: 34,
  CAP_PERFMON: 38,
  CAP_BPF: 39,
} as const;
export type CapabilityName = keyof typeof capabilityBits;
