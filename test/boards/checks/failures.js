import assert from "node:assert/strict";
import { BoardUnderTest, describeOutcome } from "../board-under-test.js";
import { architectures } from "../architectures.js";
import { libc } from "../userland.js";

/** Node takes half a minute to start on a board with 32 bits, among others. */
const limitMilliseconds = 90_000;

/** @type {readonly import("./check.js").Check[]} */
export const failureChecks = [
  {
    name: "a program that the verifier refuses",
    needs: ["raw_tracepoint"],
    run: async (on) => {
      // More branches in a row than it keeps (BPF_COMPLEXITY_LIMIT_JMP_SEQ, 8,192): refused soon, on every kernel.
      const branches = "BEGIN { unroll(95) { unroll(90) { if (rand == 0) { return; } } } exit(); }";
      const { code, errors } = await on.start("trace", "-e", branches).ended;
      assert.match(errors, /^sonde: load program ".*": the verifier refused it: E/m);
      assert.match(errors, /The sequence of \d+ jumps is too complex/);
      assert.equal(code, 3);
    },
  },
  {
    name: "probes of tracefs removed by the next host after kill -9 of their agent",
    needs: ["kprobe", "uprobe"],
    without: ["kprobe_pmu", "uprobe_pmu"],
    run: async (on) => {
      const { probed } = architectures[on.board.architecture];
      const trace = on.start(
        ...["trace", "-e"],
        `kprobe:do_sys_openat2 { @opens = count(); } uprobe:${libc(on.board)}:${probed.name} { @calls = count(); }`,
      );
      try {
        await untilAttached(trace);
        const made = await inKernel(on);
        assert.match(made, /^p:sonde_\d+\/p\d+ do_sys_openat2/m, made);
        await on.machine.stopOtherAgent();
        // The agent that was there all the time looks after what another has left.
        const another = new BoardUnderTest(on.machine, on.machine.networkTarget);
        await until(async () => {
          await another.sonde("info");
          return !/sonde_\d+/.test(await inKernel(on));
        }, "probes are left in tracefs");
      } finally {
        trace.child.kill("SIGKILL");
        await trace.ended;
      }
    },
  },
  {
    name: "nothing left after kill -9 of the agent",
    needs: ["kprobe", "uprobe"],
    run: async (on) => {
      const { probed } = architectures[on.board.architecture];
      // Some kernels have probes of their own (powerpc: one where functions with a kretprobe return to).
      const before = await inKernel(on);
      // As the check of kretprobes finds there, with the reason.
      const hasKretprobes = on.board.architecture !== "riscv64";
      const trace = on.start(
        ...["trace", "-e"],
        `kprobe:do_sys_openat2 { @opens = count(); }
         ${hasKretprobes ? "kretprobe:do_sys_openat2 { @ends = count(); }" : ""}
         tracepoint:sched:sched_switch { @switches = count(); }
         uprobe:${libc(on.board)}:${probed.name} { @calls = count(); }`,
      );
      try {
        await untilAttached(trace);
        assert.match(await inKernel(on), /do_sys_openat2/, "no probe is seen in the kernel");
        await on.machine.shell("kill -9 $(cat /run/sonde-agent.pid)");
        await until(async () => (await inKernel(on)) === before, "probes are left in the kernel");
      } finally {
        trace.child.kill("SIGKILL");
        await trace.ended;
      }
      // The board's init script starts another agent: for the next check.
      await until(async () => (await on.start("info").ended).code === 0, "no agent is there again");
    },
  },
];

/** @param {ReturnType<import("../board-under-test.js").BoardUnderTest["start"]>} trace */
async function untilAttached(trace) {
  const isAttached = () => /^Attached/m.test(trace.said.errors);
  await until(
    () => Promise.resolve(isAttached() || trace.child.exitCode !== null),
    "the trace has not begun",
  );
  if (!isAttached()) throw new Error(`sonde trace ${describeOutcome(await trace.ended)}`);
}

/** The kernel's own list of kprobes, and those made through tracefs. */
async function inKernel(/** @type {import("../board-under-test.js").BoardUnderTest} */ on) {
  const text = await on.machine.shell(
    "cat /sys/kernel/debug/kprobes/list /sys/kernel/tracing/kprobe_events /sys/kernel/tracing/uprobe_events",
  );
  return text.trim();
}

/**
 * @param {() => Promise<boolean>} isTrue
 * @param {string} otherwise
 */
async function until(isTrue, otherwise) {
  const deadline = performance.now() + limitMilliseconds;
  while (!(await isTrue())) {
    if (performance.now() > deadline) throw new Error(otherwise);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
