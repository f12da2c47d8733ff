import { describe, expect } from "@jest/globals";
import fc from "fast-check";
import {
  anyProgram,
  anySmallProgram,
} from "../../packages/host/test/language/check/any-program.js";
import { answerAll } from "../../packages/host/test/language/check/check-source.js";
import { linux419x64 } from "../../packages/host/test/targets/linux-4.19-x64.js";
import { linux618x64 } from "../../packages/host/test/targets/linux-6.18-x64.js";
import { compile } from "../../packages/host/src/language/compile.js";
import { ProgramLoader } from "../support/load-program.js";
import { requiresFeature } from "../support/requires.js";

/** BPF_F_STRICT_ALIGNMENT (include/uapi/linux/bpf.h): as on machines that cannot load a word from anywhere. */
const strictAlignment = 1;

/** `$1` and `$2`. */
const positional = ["3", "text"];

const testLoad = requiresFeature("tracepoint", "raw_tracepoint", "ringbuf");

describe("the kernel's verifier", () => {
  testLoad("accepts whatever the compiler makes of a program without faults", () => {
    let accepted = 0;
    fc.assert(
      fc.property(fc.oneof(anyProgram, anySmallProgram), (source) => {
        const { answers } = answerAll(source, positional);
        for (const target of [linux618x64, linux419x64]) {
          const { spec } = compile(source, target, answers, { positional });
          if (spec === undefined) continue;
          using loader = new ProgramLoader();
          const { programs } = loader.load(spec.object, strictAlignment);
          const refused = [...programs].flatMap(([program, verdict]) =>
            verdict.kind === "refused" ? [`${program}: ${verdict.errno}\n${verdict.log}`] : [],
          );
          expect(refused).toEqual([]);
          accepted += programs.size;
        }
      }),
      { numRuns: 1000 * Number(process.env["SONDE_FUZZ_SCALE"] ?? 1) },
    );
    expect(accepted).toBeGreaterThan(50);
  });
});
