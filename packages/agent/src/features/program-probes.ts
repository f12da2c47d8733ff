import {
  BPF_PERF_EVENT,
  BPF_PROG_TYPE_KPROBE,
  BPF_PROG_TYPE_PERF_EVENT,
  BPF_PROG_TYPE_RAW_TRACEPOINT,
  BPF_PROG_TYPE_TRACEPOINT,
} from "../kernel/uapi.js";
import { answerOf, answerOfCreation, defineProbe } from "./probe.js";
import {
  exit,
  loadTrial,
  move,
  type TrialInstruction,
  tryHelper,
  tryProgram,
} from "./trial-program.js";

const nothing: readonly TrialInstruction[] = [move(0, 0), exit];

/** BPF_MAXINSNS (include/uapi/linux/bpf_common.h): what a program could hold before 5.2. */
const oldInstructionLimit = 4096;

export const programProbes = [
  defineProbe({
    name: "tracepoint",
    since: "4.7",
    run: (target) => tryProgram(target, nothing, BPF_PROG_TYPE_TRACEPOINT),
  }),
  defineProbe({
    name: "raw_tracepoint",
    since: "4.17",
    run: (target) => tryProgram(target, nothing, BPF_PROG_TYPE_RAW_TRACEPOINT),
  }),
  defineProbe({
    name: "perf_event",
    since: "4.9",
    run: (target) => tryProgram(target, nothing, BPF_PROG_TYPE_PERF_EVENT),
  }),
  defineProbe({
    name: "program_run",
    since: "5.10",
    run(target) {
      const { bpf, kernel } = target;
      const program = loadTrial(target, nothing);
      const refused = { supported: [], unsupported: [] };
      if (program < 0) return answerOf(kernel, "bpf(BPF_PROG_LOAD)", program, refused);
      const { result } = bpf.runProgram(program);
      kernel.call("close", program);
      return answerOf(kernel, "bpf(BPF_PROG_TEST_RUN)", result, {
        supported: [],
        unsupported: ["EINVAL", "ENOTSUPP", "EOPNOTSUPP"],
      });
    },
  }),
  defineProbe({
    // Where an address tells whether it is the kernel's, also after 5.5.
    name: "probe_read",
    since: "4.1",
    run: (target) => tryHelper(target, 45, BPF_PROG_TYPE_KPROBE),
  }),
  defineProbe({
    name: "probe_read_kernel",
    since: "5.5",
    run: (target) => tryHelper(target, 113, BPF_PROG_TYPE_KPROBE),
  }),
  defineProbe({
    name: "ktime_get_boot_ns",
    since: "5.8",
    run: (target) => tryHelper(target, 125),
  }),
  defineProbe({
    name: "get_current_task_btf",
    since: "5.11",
    run: (target) => tryHelper(target, 158, BPF_PROG_TYPE_KPROBE),
  }),
  defineProbe({
    name: "get_stack",
    since: "4.18",
    run: (target) => tryHelper(target, 67, BPF_PROG_TYPE_KPROBE),
  }),
  defineProbe({ name: "bpf_loop", since: "5.17", run: (target) => tryHelper(target, 181) }),
  defineProbe({
    name: "for_each_map_elem",
    since: "5.13",
    run: (target) => tryHelper(target, 164),
  }),
  defineProbe({
    name: "map_lookup_percpu_elem",
    since: "5.19",
    run: (target) => tryHelper(target, 195),
  }),
  defineProbe({ name: "trace_vprintk", since: "5.16", run: (target) => tryHelper(target, 177) }),
  defineProbe({
    // r0 = 0; do r0 += 1; while (r0 < 10)
    name: "bounded_loops",
    since: "5.3",
    run: (target) =>
      tryProgram(target, [
        move(0, 0),
        { opcode: 0x07, destination: 0, immediate: 1 },
        { opcode: 0xa5, destination: 0, offset: -2, immediate: 10 },
        exit,
      ]),
  }),
  defineProbe({
    // *(u64 *)(r10 - 8) = 0; r1 = 1; r1 = atomic_fetch_add((u64 *)(r10 - 8), r1)
    name: "atomic_fetch",
    since: "5.12",
    run: (target) =>
      tryProgram(target, [
        { opcode: 0x7a, destination: 10, offset: -8 },
        move(1, 1),
        { opcode: 0xdb, destination: 10, source: 1, offset: -8, immediate: 1 },
        ...nothing,
      ]),
  }),
  defineProbe({
    // r0 = 0; if (w0 == 0) goto +0
    name: "jump32",
    since: "5.1",
    run: (target) => tryProgram(target, [move(0, 0), { opcode: 0x16 }, exit]),
  }),
  defineProbe({
    // One slot more than the old limit, none of them an instruction: E2BIG before, EINVAL after a look at the first.
    name: "large_program",
    since: "5.2",
    run(target) {
      const zeros = Array.from({ length: oldInstructionLimit + 1 }, () => ({ opcode: 0 }));
      const result = loadTrial(target, zeros);
      return answerOfCreation(target.kernel, "bpf(BPF_PROG_LOAD)", result, {
        supported: ["EINVAL", "EACCES"],
        unsupported: ["E2BIG"],
      });
    },
  }),
  defineProbe({
    // EBADF for the perf event that is none: the kernel got as far as to look for it.
    name: "perf_event_link",
    since: "5.15",
    run(target) {
      const { bpf, kernel } = target;
      const program = loadTrial(target, nothing, BPF_PROG_TYPE_TRACEPOINT);
      const refused = { supported: [], unsupported: [] };
      if (program < 0) return answerOf(kernel, "bpf(BPF_PROG_LOAD)", program, refused);
      const result = bpf.createLink({ program, target: -1, attachType: BPF_PERF_EVENT });
      kernel.call("close", program);
      return answerOfCreation(kernel, "bpf(BPF_LINK_CREATE)", result, {
        supported: ["EBADF"],
        unsupported: ["EINVAL", "ENOTSUPP"],
      });
    },
  }),
] as const;
