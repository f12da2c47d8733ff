import assert from "node:assert/strict";
import { describeOutcome } from "../board-under-test.js";

/** @type {readonly import("./check.js").Check[]} */
export const debugLineChecks = [
  {
    // The first program that BCC's tutorials show.
    name: "debugf of file names that are opened, by trace-pipe",
    needs: ["kprobe"],
    run: async (on) => {
      const trace = on.start(
        ...["trace", "-e"],
        'kprobe:do_sys_openat2 /comm == "cat"/ { debugf("opens %s, %x", str(uptr(arg1)), 0xabc); }',
      );
      try {
        const wanted = /^ *cat-\d+ .*: opens \/etc\/none, abc$/m;
        const outcome = await on.interrupted("trace-pipe", [], {
          begun: /^Following .*trace_pipe$/m,
          isEnough: (output) => wanted.test(output),
        });
        trace.child.kill("SIGINT");
        const traced = `trace ${describeOutcome(await trace.ended)}`;
        assert.match(outcome.output, wanted, `${describeOutcome(outcome)}\n${traced}`);
        assert.doesNotMatch(outcome.output, /\n\n/);
      } finally {
        trace.child.kill("SIGINT");
        await trace.ended;
      }
    },
  },
];
