import { expect, test } from "@jest/globals";
import { featureProbes } from "../packages/agent/src/features/features.js";
import { type FeatureName } from "../packages/host/src/spec/target-description.js";

/** The compiler holds that this is every feature that the host knows. */
const hostFeatures: Readonly<Record<FeatureName, true>> = {
  tracepoint: true,
  raw_tracepoint: true,
  perf_event: true,
  kprobe: true,
  uprobe: true,
  kprobe_multi: true,
  uprobe_multi: true,
  uprobe_semaphore: true,
  hardware_event: true,
  breakpoint: true,
  ringbuf: true,
  map_mmapable: true,
  map_value_pointer: true,
  map_batch: true,
  map_lookup_and_delete: true,
  hash_without_preallocation: true,
  perf_event_link: true,
  program_run: true,
  probe_read: true,
  probe_read_kernel: true,
  ktime_get_boot_ns: true,
  get_current_task_btf: true,
  get_stack: true,
  bounded_loops: true,
  bpf_loop: true,
  for_each_map_elem: true,
  trace_vprintk: true,
  map_lookup_percpu_elem: true,
  atomic_fetch: true,
  jump32: true,
  large_program: true,
  program_btf: true,
  btf_datasec: true,
  btf_global_function: true,
  btf_float: true,
  btf_decl_tag: true,
  btf_type_tag: true,
  btf_enum64: true,
  btf_optional_section: true,
  attach_cookie: true,
  btf: true,
};

test("the agent probes every feature that the host asks for, under the same name", () => {
  const probed = featureProbes.map(({ name }) => name).sort();
  expect(probed).toEqual(Object.keys(hostFeatures).sort());
});
