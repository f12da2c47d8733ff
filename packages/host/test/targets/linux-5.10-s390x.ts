import { type TargetDescription } from "../../src/spec/target-description.js";
import { linux618x64 } from "./linux-6.18-x64.js";

/** A big-endian machine. */
export const linux510s390x: TargetDescription = {
  ...linux618x64,
  release: "5.10.0",
  machine: "s390x",
  architecture: "s390x",
  byteOrder: "big",
  buildId: "5100000000000000000000000000000000005390",
  features: linux618x64.features.filter(
    (feature) =>
      ![
        "probe_read",
        "trace_vprintk",
        "map_lookup_percpu_elem",
        "map_lookup_and_delete",
        "hash_without_preallocation",
        "perf_event_link",
        "get_current_task_btf",
        "bpf_loop",
        "for_each_map_elem",
        "atomic_fetch",
      ].includes(feature),
  ),
};
