import { expect } from "@jest/globals";
import fc from "fast-check";
import { arbitrarySource } from "../../packages/host/test/support/arbitrary-source.js";
import { linux419x64 } from "../../packages/host/test/targets/linux-4.19-x64.js";
import { linux618x64 } from "../../packages/host/test/targets/linux-6.18-x64.js";
import { type TargetDescription } from "../../packages/host/src/spec/target-description.js";
import { compileHere } from "../support/answer-locally.js";
import { ProgramLoader } from "../support/load-program.js";
import { requiresFeature } from "../support/requires.js";

/** BPF_F_STRICT_ALIGNMENT (include/uapi/linux/bpf.h). */
const strictAlignment = 1;

/** Where programs cannot claim memory, records of programs that can be preempted are built in the ring. */
const withoutFetch: TargetDescription = {
  ...linux618x64,
  release: "5.10.0",
  features: linux618x64.features.filter((feature) => feature !== "atomic_fetch"),
};

/** One in thousands nests so many loops and conditions that the kernel stops to look at it. */
const tooMuchToCheck = /BPF program is too large|jumps is too complex/;

const testLoad = requiresFeature("tracepoint", "raw_tracepoint", "ringbuf");

for (const target of [linux618x64, withoutFetch, linux419x64]) {
  testLoad(`the verifier accepts whatever the compiler does, for ${target.release}`, () => {
    let accepted = 0;
    fc.assert(
      fc.property(arbitrarySource({ hasLoops: target.features.includes("bpf_loop") }), (source) => {
        const { spec } = compileHere(source, target);
        // A constant division by zero, or more than the kernel's limits allow.
        if (spec === undefined) return;
        using loader = new ProgramLoader();
        const { programs } = loader.load(spec.object, strictAlignment);
        for (const verdict of programs.values()) {
          if (verdict.kind === "accepted") accepted++;
          else if (!tooMuchToCheck.test(verdict.log)) {
            expect(verdict.log.slice(-3000)).toBe("accepted");
          }
        }
      }),
      { numRuns: 60 * Number(process.env["SONDE_FUZZ_SCALE"] ?? 1) },
    );
    expect(accepted).toBeGreaterThan(30);
  });
}
