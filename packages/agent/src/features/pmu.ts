import { tryReadTextFile } from "../kernel/files.js";
import { type Kernel } from "../kernel/kernel.js";

/** A performance monitoring unit that makes kprobes or uprobes (4.17), as sysfs describes it. */
export interface ProbePmu {
  /** perf_event_attr.type. */
  readonly type: number;
  /** Of perf_event_attr.config, for a return probe. */
  readonly returnProbe: bigint;
  /** Where in perf_event_attr.config a semaphore's offset goes; absent before 4.20 and for kprobes. */
  readonly referenceCounterShift: bigint | undefined;
}

/** `undefined` on a kernel without it. */
export function readProbePmu(kernel: Kernel, name: "kprobe" | "uprobe"): ProbePmu | undefined {
  const folder = `/sys/bus/event_source/devices/${name}`;
  const type = tryReadTextFile(kernel, `${folder}/type`);
  if (type === undefined || !/^\d{1,9}$/.test(type)) return undefined;
  const format = (field: string): bigint | undefined => {
    const match = /^config:(\d{1,2})\b/.exec(
      tryReadTextFile(kernel, `${folder}/format/${field}`) ?? "",
    );
    return match === null ? undefined : BigInt(match[1] ?? 0);
  };
  return {
    type: Number(type),
    returnProbe: 1n << (format("retprobe") ?? 0n),
    referenceCounterShift: format("ref_ctr_offset"),
  };
}
