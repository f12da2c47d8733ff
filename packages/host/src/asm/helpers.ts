/** Numbers of the kernel's helpers (enum bpf_func_id, include/uapi/linux/bpf.h), less BPF_FUNC_. */
export const helpers = {
  map_lookup_elem: 1,
  map_update_elem: 2,
  map_delete_elem: 3,
  probe_read: 4,
  ktime_get_ns: 5,
  trace_printk: 6,
  get_prandom_u32: 7,
  get_smp_processor_id: 8,
  get_current_pid_tgid: 14,
  get_current_uid_gid: 15,
  get_current_comm: 16,
  perf_event_output: 25,
  get_stackid: 27,
  get_current_task: 35,
  probe_write_user: 36,
  get_numa_node_id: 42,
  probe_read_str: 45,
  get_socket_cookie: 46,
  override_return: 58,
  get_stack: 67,
  get_current_cgroup_id: 80,
  send_signal: 109,
  probe_read_user: 112,
  probe_read_kernel: 113,
  probe_read_user_str: 114,
  probe_read_kernel_str: 115,
  send_signal_thread: 117,
  jiffies64: 118,
  get_ns_current_pid_tgid: 120,
  ktime_get_boot_ns: 125,
  seq_printf: 126,
  ringbuf_output: 130,
  ringbuf_reserve: 131,
  ringbuf_submit: 132,
  ringbuf_discard: 133,
  ringbuf_query: 134,
  d_path: 147,
  copy_from_user: 148,
  per_cpu_ptr: 153,
  this_cpu_ptr: 154,
  get_current_task_btf: 158,
  for_each_map_elem: 164,
  get_func_ip: 173,
  get_attach_cookie: 174,
  task_pt_regs: 175,
  trace_vprintk: 177,
  find_vma: 180,
  loop: 181,
  strncmp: 182,
  map_lookup_percpu_elem: 195,
  ktime_get_tai_ns: 208,
} as const;

const namesByNumber = new Map<number, string>(
  Object.entries(helpers).map(([name, number]) => [number, name]),
);

/** The helper's name, or `undefined` for one that this list lacks. */
export function helperName(number: number): string | undefined {
  return namesByNumber.get(number);
}

/** Flags that helpers take (include/uapi/linux/bpf.h). */
export const helperFlags = {
  BPF_ANY: 0n,
  BPF_NOEXIST: 1n,
  BPF_EXIST: 2n,
  BPF_F_CURRENT_CPU: 0xffff_ffffn,
  BPF_RB_AVAIL_DATA: 0n,
  BPF_F_USER_STACK: 0x100n,
  BPF_F_USER_BUILD_ID: 0x800n,
} as const;
