import { isError } from "../../packages/host/src/language/diagnostic.js";
import { describe, expect } from "@jest/globals";
import { goldenPrograms } from "../../packages/host/test/language/lower/golden-programs.js";
import { linux414x64 } from "../../packages/host/test/targets/linux-4.14-x64.js";
import { linux419x64 } from "../../packages/host/test/targets/linux-4.19-x64.js";
import { linux618x64 } from "../../packages/host/test/targets/linux-6.18-x64.js";
import { compileHere } from "../support/answer-locally.js";
import { ProgramLoader } from "../support/load-program.js";
import { requiresFeature } from "../support/requires.js";

/** BPF_F_STRICT_ALIGNMENT (include/uapi/linux/bpf.h): as on machines that cannot load a word from anywhere. */
const strictAlignment = 1;

const testLoad = requiresFeature("tracepoint", "raw_tracepoint", "ringbuf");

describe("the kernel's verifier", () => {
  for (const target of [linux618x64, linux419x64, linux414x64]) {
    for (const { name, source, pid, needs } of goldenPrograms) {
      if (needs !== undefined && !target.features.includes(needs)) continue;
      testLoad(`accepts ${name}, compiled for ${target.release}`, () => {
        const options = pid === undefined ? {} : { pid };
        const { spec, diagnostics } = compileHere(source, target, options);
        expect(diagnostics.filter(isError)).toEqual([]);
        if (spec === undefined) return;
        using loader = new ProgramLoader();
        // Those that attach by BTF are loaded on boards: they need the ids of this kernel's types.
        const loaded = spec.object.programs.filter(({ type }) => type !== "tracing");
        const { programs } = loader.load({ ...spec.object, programs: loaded }, strictAlignment);
        const refused = [...programs].flatMap(([program, verdict]) =>
          verdict.kind === "refused" ? [`${program}: ${verdict.errno}\n${verdict.log}`] : [],
        );
        expect(refused).toEqual([]);
      });
    }
  }
});
