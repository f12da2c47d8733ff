import { describe, expect, test } from "@jest/globals";
import { linux414x64 } from "../../targets/linux-4.14-x64.js";
import { linux419x64 } from "../../targets/linux-4.19-x64.js";
import { linux510arm } from "../../targets/linux-5.10-arm.js";
import { linux510ia32 } from "../../targets/linux-5.10-ia32.js";
import { linux510s390x } from "../../targets/linux-5.10-s390x.js";
import { linux618x64 } from "../../targets/linux-6.18-x64.js";
import { isError } from "../../../src/language/diagnostic.js";
import { compileRecorded, formatObject } from "./compile-recorded.js";
import { goldenPrograms } from "./golden-programs.js";

/** Each target's programs: on the old and the odd ones those that come out differently there. */
const golden = [
  {
    target: linux618x64,
    names: [
      "empty",
      "filter",
      "process-filter",
      "keyed-count",
      "string-of-user",
      "data-location",
      "string-of-someone",
      "char-array",
      "latency",
      "variables",
      "control",
      "uprobe",
      "raw-tracepoint",
      "pointers",
      "choices",
      "symbols-and-times",
      "software",
      "debug-line",
      "long-debug-line",
      "uprobe-stacks",
      "kernel-functions",
      "loops",
    ],
  },
  {
    target: linux419x64,
    names: ["short-loops", "string-of-user", "control", "uprobe", "filter", "debug-line"],
  },
  { target: linux510s390x, names: ["filter", "uprobe", "string-of-someone", "short-loops"] },
  { target: linux510arm, names: ["uprobe", "pointers", "uprobe-stacks"] },
  { target: linux510ia32, names: ["uprobe"] },
  { target: linux414x64, names: ["stacks"] },
];

describe("a golden program", () => {
  for (const { target, names } of golden) {
    for (const name of names) {
      test(`compiles as recorded: ${name} for ${target.release} on ${target.machine}`, () => {
        const program = goldenPrograms.find((one) => one.name === name);
        const options = program?.pid === undefined ? {} : { pid: program.pid };
        const { spec, diagnostics } = compileRecorded(program?.source ?? "", target, options);
        expect(diagnostics.filter(isError)).toEqual([]);
        expect(spec === undefined ? "" : `\n${formatObject(spec)}`).toMatchSnapshot();
      });
    }
  }
});
