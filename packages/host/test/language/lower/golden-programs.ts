import { type FeatureName } from "../../../src/spec/target-description.js";

export interface GoldenProgram {
  readonly name: string;
  readonly source: string;
  /** Only this process is traced. */
  readonly pid?: number;
  /** Without this feature it is none. */
  readonly needs?: FeatureName;
}

/** Small programs, one for each thing that the compiler writes differently. */
export const goldenPrograms: readonly GoldenProgram[] = [
  { name: "empty", source: "tracepoint:syscalls:sys_enter_openat { }" },
  {
    name: "filter",
    source: 'tracepoint:syscalls:sys_enter_openat /pid == 42 && comm == "cat"/ { @ = count(); }',
  },
  { name: "process-filter", source: "profile:hz:99 { @ = count(); }", pid: 42 },
  {
    name: "keyed-count",
    source: "tracepoint:syscalls:sys_enter_openat { @[pid, comm] = count(); }",
  },
  {
    name: "string-of-user",
    source:
      'tracepoint:syscalls:sys_enter_openat { printf("%d %s %s\\n", tid, comm, str(args.filename)); }',
  },
  {
    name: "string-of-someone",
    source: "kprobe:do_sys_openat2 { @[str(arg1)] = count(); }",
  },
  {
    name: "cut-strings",
    source:
      'tracepoint:syscalls:sys_enter_openat { printf("%s %s\\n", str(args.filename, 8), str(args.filename, args.flags)); }',
  },
  {
    name: "data-location",
    source: 'tracepoint:sched:sched_process_exec { printf("%d %s\\n", pid, str(args.filename)); }',
  },
  {
    name: "char-array",
    source:
      'tracepoint:sched:sched_switch { @[args.prev_comm] = count(); printf("%s\\n", args.next_comm); }',
  },
  {
    name: "latency",
    source: `tracepoint:syscalls:sys_enter_openat { @start[tid] = nsecs; }
tracepoint:syscalls:sys_exit_openat /@start[tid]/ {
  @latency = hist(nsecs - @start[tid]);
  @by[comm] = stats(nsecs - @start[tid]);
  delete(@start[tid]);
}`,
  },
  {
    name: "aggregations",
    source: `tracepoint:syscalls:sys_exit_openat {
  @sum = sum(args.ret); @avg = avg(args.ret); @min = min(args.ret); @max[cpu] = max(args.ret);
  @hist[pid] = hist(args.ret, 2); @lhist = lhist(args.ret, 0, 100, 10); @keyed[pid] = lhist(args.ret, -10, 100, 5);
}`,
  },
  {
    name: "variables",
    source: `tracepoint:syscalls:sys_exit_openat {
  $x = args.ret; $name = comm; $n = 0;
  if ($x < 0) { $x = -$x; $n++; } else if ($x > 100) { $x = $x % 7; } else { $name = "small"; }
  $n += $x * 2;
  printf("%d %d %s\\n", $x, $n++, $name);
}`,
  },
  {
    name: "loops",
    needs: "bpf_loop",
    source: `tracepoint:syscalls:sys_exit_openat {
  $n = 0; $name = comm;
  for ($i : 0..args.ret) { if ($i == 7) { break; } $n += $i; $name = "other"; }
  @a[pid, $name] = $n;
  for ($kv : @a) { $j = 0; while ($j < $kv.1) { if ($kv.0.1 == comm) { return; } $j++; } printf("%s %d\\n", $kv.0.1, args.ret); }
}`,
  },
  {
    name: "short-loops",
    source: `tracepoint:syscalls:sys_exit_openat {
  for ($i : 0..3) { if ($i == args.ret) { continue; } @ += $i; }
}`,
  },
  {
    name: "maps",
    source: `BEGIN { @limit = 10; @name = "start"; @pair = (1, "two"); }
tracepoint:syscalls:sys_enter_openat {
  @calls++;
  @calls -= 2;
  $before = @calls++;
  if (@calls > @limit && @name != comm) { @last[pid] = (tid, comm, $before); }
  if (has_key(@last, pid)) { @name = @last[pid].1; }
}`,
  },
  {
    name: "arithmetic",
    source: `tracepoint:syscalls:sys_exit_openat {
  $a = args.ret; $b = (uint64)args.ret;
  @ = ($a / 3) + ($a % 5) - ($b / 7) + ($b % 9) + ($a >> 2) + ($b << 3) + ~$a + ($a & 0xff) ^ ($b | 1) + (uint8)$a + (int16)$b;
  @division = $a / ($b + 1);
  @truth = $a > 3 ? 1 : (int64)!$b;
}`,
  },
  {
    name: "control",
    source: `interval:s:1 { time("%H:%M:%S "); print(@); clear(@); zero(@); }
profile:hz:99 { @[pid] = count(); }
tracepoint:syscalls:sys_enter_openat /uid == 0/ { printf("%d\\n", pid); exit(); }
END { printf("done after %d\\n", elapsed); }`,
  },
  { name: "join", source: "tracepoint:syscalls:sys_enter_execve { join(args.argv); }" },
  {
    name: "uprobe",
    source: `uprobe:libc:getaddrinfo { printf("%s %d\\n", str(arg0), arg1); @[probe] = count(); }
uretprobe:libc:getaddrinfo { @returned[func] = hist(retval); }`,
  },
  {
    name: "raw-tracepoint",
    source: "rawtracepoint:sys_enter { @[arg1] = count(); }",
  },
  {
    name: "pointers",
    source:
      'tracepoint:syscalls:sys_enter_execve { $p = (uint32 *)args.argv; printf("%d %d %p\\n", *$p, $p[1], args.argv); }',
  },
  {
    name: "print-values",
    source:
      'tracepoint:syscalls:sys_enter_openat { print((pid, comm, args.flags)); print(comm); print(pid); emit("open", "flags", args.flags, "path", str(args.filename)); }',
  },
  {
    name: "choices",
    source:
      'tracepoint:syscalls:sys_enter_openat { printf("%s %s\\n", args.flags == 0 ? "read" : comm, pid > 10 && (tid < 5 || uid == 0) ? str(args.filename) : "none"); }',
  },
  {
    name: "strings",
    source: `tracepoint:syscalls:sys_enter_openat {
  $path = str(args.filename);
  if ($path == "/etc/passwd" || strncmp($path, "/proc", 5) == 0) { @hits[$path] = count(); }
  if ($path == comm) { @same = count(); }
}`,
  },
  {
    name: "long-strings",
    source:
      'config = { max_strlen = 512 } tracepoint:syscalls:sys_enter_openat { $p = str(args.filename); @[pid] = $p; if ($p != str(args.filename)) { printf("%s\\n", $p); } }',
  },
  {
    name: "symbols-and-times",
    source:
      'tracepoint:syscalls:sys_enter_openat { printf("%s %s %d\\n", strftime("%H:%M:%S", nsecs), ksym(curtask), rand); }',
  },
  {
    name: "debug-line",
    source:
      'tracepoint:syscalls:sys_enter_openat { debugf("%s %d %x\\n", str(args.filename), args.dfd, args.flags); }',
  },
  {
    name: "long-debug-line",
    needs: "trace_vprintk",
    source:
      'tracepoint:syscalls:sys_enter_openat { debugf("%-16s %llu %p %#hhx 100%%", comm, nsecs, args.filename, args.flags); }',
  },
  {
    name: "stacks",
    source: `tracepoint:sched:sched_switch { @[kstack] = count(); @last[pid] = kstack; printf("%s %s\\n", kstack(perf), ustack(3)); }
profile:hz:99 { @busy[ustack, comm] = count(); }`,
  },
  {
    name: "uprobe-stacks",
    source: "uprobe:libc:malloc { @[ustack] = sum(arg0); print(kstack(5)); }",
  },
  {
    name: "kernel-functions",
    needs: "btf",
    source: `fentry:vfs_read { @[args.count] = count(); }
fexit:vfs_read /retval < 0/ { printf("%d %d\\n", retval, args.count); }
kprobe:vfs_* { @calls[func] = count(); }`,
  },
  { name: "unroll", source: "BEGIN { unroll(3) { @n++; } }" },
  { name: "software", source: "software:page-faults:100 { @[comm] = count(); }" },
];
