/** What the kernel got between 4.18 and 5.18, and what is done in another way on one that is older. */
const newer = [
  ...[
    "atomic_fetch",
    "bounded_loops",
    "bpf_loop",
    "for_each_map_elem",
    "get_current_task_btf",
    "get_stack",
  ],
  ...["jump32", "ktime_get_boot_ns", "large_program", "map_batch", "map_lookup_and_delete"],
  ...["map_mmapable", "map_value_pointer", "perf_event_link", "probe_read_kernel", "ringbuf"],
  ...["map_lookup_percpu_elem", "tracing_link", "trace_vprintk"],
];

/** Checks that between them read and write in every way that the compiler knows. */
const names = [
  "kprobe, its arguments",
  "strings of the kernel's memory",
  "kernel stack",
  "uprobe, its arguments",
  "hash maps, of each type of key",
  "per-CPU maps, print and clear",
  "histograms",
  "each record delivered or counted",
  "debugf of file names that are opened, by trace-pipe",
  "opensnoop",
  "execsnoop",
];

/** Those that read memory, for which there was one way in 2018, which not every processor has. */
const readers = [
  "kprobe, its arguments",
  "strings of the kernel's memory",
  "debugf of file names that are opened, by trace-pipe",
  "opensnoop",
  "execsnoop",
];

const suffix = ", as on 4.17";

/** Whether it is one of these checks, by its name. */
export function isOnOldKernel(/** @type {string} */ name) {
  return name.endsWith(suffix);
}

/**
 * Some checks again, with an agent that takes its kernel for one of 2018.
 *
 * @param {readonly import("./check.js").Check[]} checks
 * @returns {readonly import("./check.js").Check[]}
 */
export function onOldKernel(checks) {
  return names.map((name) => {
    const check = checks.find((one) => one.name === name);
    if (check === undefined) throw new Error(`there is no check of ${name}`);
    const needs = [...check.needs, ...(readers.includes(name) ? ["probe_read"] : [])];
    return { ...check, name: `${name}${suffix}`, needs, isSerialToo: false, without: newer };
  });
}
