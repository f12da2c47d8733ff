// Each kind of probe, on what the board's init script does all the time: `cat /etc/hostname /etc/none`, and dash.
import assert from "node:assert/strict";
import { architectures } from "../architectures.js";
import { describeOutcome } from "../board-under-test.js";
import { libc } from "../userland.js";
import { NotApplicable } from "./check.js";
import { requireKretprobes } from "./kretprobe.js";

const manyKprobes = `kprobe:vfs_o*,kprobe:do_sys_openat2 /comm == "cat"/ { @calls[func] = count(); @by[probe] = max(arg1); }
  kretprobe:vfs_o*,kretprobe:do_sys_openat2 /comm == "cat"/ { @results[func] = max(retval); @opened++; }
  interval:s:1 { if (@opened > 3) { exit(); } }`;

/** @type {readonly import("./check.js").Check[]} */
export const probeChecks = [
  {
    name: "BEGIN, interval, END",
    needs: ["raw_tracepoint", "perf_event"],
    run: async (on) => {
      const printed = await on.trace(
        `BEGIN { printf("begin\\n"); }
         interval:ms:100 /@n < 3/ { @n += 1; if (@n == 3) { exit(); } }
         END { printf("end %d\\n", @n); clear(@n); }`,
      );
      assert.equal(printed, "begin\nend 3");
    },
  },
  {
    name: "tracepoint",
    needs: ["tracepoint"],
    run: async (on) => {
      const printed = await on.trace(
        `tracepoint:sched:sched_process_exec /comm == "cat"/ { printf("%s\\n", args.filename); exit(); }`,
      );
      assert.match(printed, /^\/usr\/bin\/cat\b/);
    },
  },
  {
    name: "tracepoint of a system call",
    needs: ["tracepoint"],
    run: async (on) => {
      // MIPS kernels tell errnos without a sign there (arch/mips/include/asm/syscall.h).
      const missing = on.board.architecture === "mipsel" ? 2 : -2;
      const printed = await on.trace(
        `tracepoint:syscalls:sys_enter_openat /comm == "cat"/ { @path[tid] = args.filename; }
         tracepoint:syscalls:sys_exit_openat /@path[tid]/ {
           printf("%s %d\\n", str(@path[tid]), args.ret);
           if (args.ret == ${missing}) { exit(); }
         }
         END { clear(@path); }`,
      );
      assert.match(printed, new RegExp(`^/etc/none ${missing}$`, "m"));
    },
  },
  {
    name: "raw tracepoint",
    needs: ["raw_tracepoint"],
    run: async (on) => {
      const printed = await on.trace(
        `rawtracepoint:sched_process_exec /comm == "cat"/ { printf("%s was %d\\n", comm, arg1); exit(); }`,
      );
      assert.match(printed, /^cat was [1-9]\d*\b/);
    },
  },
  {
    name: "raw tracepoint, arguments by name",
    needs: ["raw_tracepoint", "btf"],
    run: async (on) => {
      const printed = await on.trace(
        `rawtracepoint:sched_process_exec /comm == "cat"/ { printf("%s was %d\\n", comm, args.old_pid); exit(); }`,
      );
      assert.match(printed, /^cat was [1-9]\d*\b/);
    },
  },
  {
    name: "kprobe, its arguments",
    needs: ["kprobe"],
    isSerialToo: true,
    run: async (on) => {
      const printed = await on.trace(
        `kprobe:do_sys_openat2 /comm == "cat"/ { printf("%d %s\\n", (int32)arg0, str(uptr(arg1))); exit(); }`,
      );
      assert.match(printed, /^-100 \/etc\/(hostname|none)\b/);
    },
  },
  {
    name: "a process's string that nobody says is one",
    needs: ["kprobe", "probe_read"],
    run: async (on) => {
      const printed = await on.trace(
        `kprobe:do_sys_openat2 /comm == "cat"/ { printf("%s\\n", str(arg1)); exit(); }`,
      );
      assert.match(printed, /^\/etc\/(hostname|none)\b/);
    },
  },
  {
    name: "strings of the kernel's memory",
    needs: ["kprobe"],
    run: async (on) => {
      // do_filp_open, of 7.x do_file_open (int dfd, struct filename *pathname, …), whose first member is the name that was copied from the user.
      const word = architectures[on.board.architecture].pointerBits;
      const printed = await on.trace(
        `kprobe:do_fil*_open /comm == "cat"/ { $name = *(uint${word} *)arg1; printf("%s\\n", str(kptr($name))); exit(); }`,
      );
      assert.match(printed, /^\/etc\/(hostname|none)\b/);
    },
  },
  {
    name: "kretprobe",
    needs: ["kprobe"],
    run: async (on) => {
      const program = `kretprobe:do_sys_openat2 /comm == "cat" && (int32)retval < 0/ { printf("%d\\n", (int32)retval); exit(); }`;
      const outcome = await on.start("trace", "-e", program).ended;
      await requireKretprobes(on, outcome.errors);
      assert.match(outcome.output.trim(), /^-2\b/, describeOutcome(outcome));
    },
  },
  {
    name: "kprobe by wildcard",
    needs: ["kprobe"],
    run: async (on) => {
      const printed = await on.trace(
        `kprobe:do_sys_openat* /comm == "cat"/ { printf("%s\\n", func); exit(); }`,
      );
      assert.match(printed, /^do_sys_openat2\b/);
    },
  },
  {
    name: "many kprobes and kretprobes",
    needs: ["kprobe"],
    run: async (on) => {
      const outcome = await on.start("trace", "-e", manyKprobes).ended;
      await requireKretprobes(on, outcome.errors);
      for (const name of ["vfs_open", "do_sys_openat2"]) {
        const shown = new RegExp(`^@calls\\[${name}\\]: [1-9]`, "m");
        assert.match(outcome.output, shown, describeOutcome(outcome));
      }
      assert.match(outcome.output, /^@by\[kprobe:do_sys_openat2\]: [1-9]/m);
      assert.match(outcome.output, /^@results\[do_sys_openat2\]: [0-9]/m);
    },
  },
  {
    name: "many kprobes, all at once",
    needs: ["kprobe", "kprobe_multi"],
    run: async (on) => {
      const { output, errors } = await on.start("trace", "-v", "-e", manyKprobes).ended;
      assert.match(errors, /^attached kprobe to [0-9]+ functions \(kprobe.multi link\)$/m);
      assert.match(errors, /^attached kretprobe to [0-9]+ functions/m);
      assert.match(output, /^@results\[do_sys_openat2\]: [0-9]/m);
    },
  },
  {
    name: "kprobe at an offset",
    needs: ["kprobe"],
    run: async (on) => {
      // Where the second instruction begins depends on what the compiler puts before the first. (On ppc64 4 is never run.)
      const refusals = [];
      for (const offset of [8, 4, 5, 9, 12]) {
        const program = `kprobe:do_sys_openat2+${offset} /comm == "cat"/ { printf("%s\\n", probe); exit(); }`;
        const outcome = await on.start("trace", "-e", program).ended;
        if (outcome.code === 0) {
          assert.match(outcome.output, new RegExp(`^kprobe:do_sys_openat2\\+${offset}$`, "m"));
          return;
        }
        assert.equal(outcome.code, 3, describeOutcome(outcome));
        refusals.push(outcome.errors);
      }
      throw new Error(`no offset is one: ${refusals.join("")}`);
    },
  },
  {
    name: "fentry, its arguments by name",
    needs: ["fentry"],
    run: async (on) => {
      const printed = await on.trace(
        `fentry:do_sys_openat2 /comm == "cat"/ { printf("%d %s\\n", args.dfd, str(uptr(args.filename))); exit(); }`,
      );
      assert.match(printed, /^-100 \/etc\/(hostname|none)\b/);
    },
  },
  {
    name: "fexit, its result",
    needs: ["fexit"],
    run: async (on) => {
      const printed = await on.trace(
        `fexit:do_sys_openat2 /comm == "cat" && retval < 0/ { printf("%d %d\\n", args.dfd, retval); exit(); }`,
      );
      assert.match(printed, /^-100 -2\b/);
    },
  },
  {
    name: "kernel stack",
    needs: ["kprobe"],
    isSerialToo: true,
    run: async (on) => {
      const printed = await on.trace(
        `kprobe:do_sys_openat2 /comm == "cat"/ { print(stack); @[kstack(3)] = count(); exit(); }`,
      );
      assert.match(printed, /^ +do_sys_openat2\+\d+\n( +[\w.]+\+\d+\n)+/m);
      assert.match(printed, /^@\[\n {8}do_sys_openat2\+\d+\n( {8}[\w.]+\+\d+\n){1,2}\]: \d+$/m);
    },
  },
  {
    name: "kernel stacks of samples, as keys",
    needs: ["perf_event"],
    run: async (on) => {
      const printed = await on.trace(
        `profile:hz:99 { @[kstack] = count(); } interval:s:1 { exit(); }`,
      );
      // However few, some samples are of the kernel's own code.
      assert.match(printed, /^@\[\n( {8}[\w.]+\+\d+\n)+\]: [1-9]\d*$/m);
    },
  },
  {
    name: "uprobe, its arguments",
    needs: ["uprobe"],
    run: async (on) => {
      const { probed } = architectures[on.board.architecture];
      const printed = await on.trace(
        `uprobe:${libc(on.board)}:${probed.name} /comm == "dash"/ { printf("%d bytes\\n", ${probed.size}); exit(); }`,
      );
      assert.match(printed, /^[1-9]\d* bytes/);
    },
  },
  {
    name: "stacks without frame pointers (dw_ustack)",
    needs: ["uprobe", "bpf_loop", "btf"],
    run: async (on) => {
      // Where malloc() has no memory yet: no function on the way keeps a frame pointer.
      const program = `uprobe:${libc(on.board)}:sbrk /comm == "dash"/ { print(dw_ustack); exit(); }`;
      const outcome = await on.start("trace", "--dwarf-pid", "1", "-e", program).ended;
      const [, refusal] = /ERROR: (dw_ustack is for .*)/.exec(outcome.errors) ?? [];
      if (refusal !== undefined) throw new NotApplicable(refusal);
      assert.equal(outcome.code, 0, describeOutcome(outcome));
      assert.match(outcome.output, /^\s*(__)?sbrk\+0\n(.*\n)*\s*malloc\+\d+\n/);
    },
  },
  {
    name: "uretprobe, of a library by its name",
    needs: ["uprobe"],
    run: async (on) => {
      const program = `uretprobe:libc:malloc /comm == "dash"/ { printf("%s\\n", retval > 4096 ? "memory" : "none"); exit(); }`;
      const outcome = await on.start("trace", "-e", program).ended;
      const refusal = /libc\.so\.6 has Thumb code, to which .* cannot return/.exec(outcome.errors);
      if (refusal !== null) throw new NotApplicable(refusal[0]);
      assert.match(outcome.output.trim(), /^memory\b/, describeOutcome(outcome));
    },
  },
  {
    name: "profile",
    needs: ["perf_event"],
    run: async (on) => {
      const printed = await on.trace(
        `profile:hz:50 { @samples = count(); } interval:s:1 { exit(); }`,
      );
      const samples = Number(/^@samples: (\d+)$/m.exec(printed)?.[1]);
      // Two CPUs that are emulated: some may be late, and some of the first and last fall outside.
      assert.ok(samples >= 20 && samples <= 200, `${samples} samples in a second at 50 Hz`);
    },
  },
  {
    name: "software event",
    needs: ["perf_event"],
    run: async (on) => {
      const printed = await on.trace(
        `software:faults:1 /comm == "cat"/ { printf("%s faulted\\n", comm); exit(); }`,
      );
      assert.match(printed, /^cat faulted\b/);
    },
  },
];
