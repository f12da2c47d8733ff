// What boards are asked to run as an object that was compiled once, elsewhere: it tells of each program that is started, and
// counts them. The kernel's types stand here as far as they are used; where they are on a board is its loader's work.
typedef unsigned int u32;
typedef unsigned long long u64;

#define SEC(name) __attribute__((section(name), used))
#define __uint(name, value) int(*name)[value]

/* include/uapi/linux/bpf.h */
enum { BPF_MAP_TYPE_PERF_EVENT_ARRAY = 4 };
static long (*probe_read_kernel)(void *to, u32 size, const void *from) = (void *)113;
static u64 (*get_current_pid_tgid)(void) = (void *)14;
static long (*get_current_comm)(void *to, u32 size) = (void *)16;
static long (*perf_event_output)(void *context, void *map, u64 flags, void *data, u64 size) = (void *)25;

/* include/linux/sched.h: only the names count. */
struct task_struct {
  int tgid;
  struct task_struct *real_parent;
} __attribute__((preserve_access_index));

struct event {
  u32 pid;
  u32 parent;
  u32 mark;
  char comm[16];
};

struct {
  __uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
  __uint(key_size, 4);
  __uint(value_size, 4);
} events SEC(".maps");

const volatile u32 mark = 0;
u64 count = 0;
/* Else the object would not have the type. */
const struct event *unused __attribute__((unused));

static __attribute__((noinline)) int tell(void *context, u32 parent) {
  struct event event = {};
  __sync_fetch_and_add(&count, 1);
  event.pid = get_current_pid_tgid() >> 32;
  event.parent = parent;
  event.mark = mark;
  get_current_comm(event.comm, sizeof(event.comm));
  perf_event_output(context, &events, 0xffffffffULL, &event, sizeof(event));
  return 0;
}

SEC("tracepoint/sched/sched_process_exec") int on_exec(void *context) { return tell(context, 0); }

/* In the second program alone, so that the first needs no types of the kernel. */
SEC("?raw_tp/sched_process_exec") int on_exec_with_parent(u64 *arguments) {
  struct task_struct *task = (struct task_struct *)arguments[0];
  struct task_struct *parent = 0;
  int tgid = 0;
  // A pointer has as many bytes as the board's have.
  probe_read_kernel(&parent, __builtin_preserve_field_info(task->real_parent, 1), &task->real_parent);
  probe_read_kernel(&tgid, sizeof(tgid), &parent->tgid);
  return tell(arguments, tgid);
}

char _license[] SEC("license") = "GPL";
