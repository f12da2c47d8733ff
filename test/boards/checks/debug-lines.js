import assert from "node:assert/strict";
import { describeOutcome } from "../board-under-test.js";
import { NotApplicable } from "./check.js";

/** @typedef {import("../board-under-test.js").BoardUnderTest} BoardUnderTest */

const wanted = /^ *cat-\d+ .*: opens \/etc\/none, abc$/m;

/** @type {readonly import("./check.js").Check[]} */
export const debugLineChecks = [
  {
    // The first program that BCC's tutorials show.
    name: "debugf of file names that are opened, by trace-pipe",
    needs: ["kprobe"],
    run: async (on) => {
      await requireTraceInKprobes(on);
      const said = await linesOf(on, "kprobe:do_sys_openat2", "uptr(arg1)");
      requireNoFault(said);
      assert.match(said, wanted);
    },
  },
];

/**
 * What trace-pipe prints, and in the end what was told of both.
 *
 * @param {BoardUnderTest} on
 * @param {string} probe
 * @param {string} name  an expression
 */
async function linesOf(on, probe, name) {
  const program = `${probe} /comm == "cat"/ { debugf("opens %s, %x", str(${name}), 0xabc); }`;
  const trace = on.start("trace", "-e", program);
  try {
    const outcome = await on.interrupted("trace-pipe", [], {
      begun: /^Following .*trace_pipe$/m,
      isEnough: (output) => wanted.test(output),
      // Where the kernel has switched its tracing off, nothing comes.
      patienceSeconds: 40,
    });
    assert.doesNotMatch(outcome.output, /\n\n/);
    trace.child.kill("SIGINT");
    const said = `${describeOutcome(outcome)}\ntrace ${describeOutcome(await trace.ended)}`;
    if (wanted.test(said)) return said;
    return `${said}\ntracing_on: ${await on.machine.shell(lookForFault)}`;
  } finally {
    trace.child.kill("SIGINT");
    await trace.ended;
  }
}

/**
 * Throws NotApplicable where breakpoints are taken as NMIs, in which the kernel writes no trace (kernel/trace/ring_buffer.c):
 * riscv64's. From a tracepoint it is there.
 *
 * @param {BoardUnderTest} on
 */
async function requireTraceInKprobes(on) {
  const option = "CONFIG_ARCH_HAVE_NMI_SAFE_CMPXCHG=y";
  const said = await on.machine.shell(`uname -m; grep ${option} /boot/config-*`);
  if (said.trim() !== "riscv64") return;
  assert.match(await linesOf(on, "tracepoint:syscalls:sys_enter_openat", "args.filename"), wanted);
  throw new NotApplicable(`from a kprobe it takes ${option}; from a tracepoint it is there`);
}

const lookForFault = "cat /sys/kernel/tracing/tracing_on; dmesg | grep -e Oops -e 'in kernel code'";

/**
 * Throws NotApplicable where the kernel has switched its tracing off since a probe of its own brought it down: mipsel's does,
 * once in hundreds of hits of any kprobe, in the instruction that it steps over.
 *
 * @param {string} said
 */
function requireNoFault(said) {
  const fault = /^tracing_on: 0\s+(.*Break instruction in kernel code.*)$/m.exec(said)?.[1];
  if (fault === undefined) return;
  throw new NotApplicable(`the kernel's own fault in a kprobe switched its tracing off: ${fault}`);
}
