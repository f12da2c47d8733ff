import { expect, test } from "@jest/globals";
import { type Handle } from "@sonde/protocol";
import { formatLoaded } from "../../src/cli/format-loaded.js";

test("what was made is told step by step, with how each probe was attached", () => {
  const program = { step: 1 };
  const text = formatLoaded({
    plan: {
      steps: [
        {
          kind: "createMap",
          name: "AT_x",
          type: 2,
          keySizeBytes: 4,
          valueSizeBytes: 8,
          maxEntries: 1,
          flags: 0,
        },
        {
          kind: "loadProgram",
          name: "sonde_1_malloc",
          type: 2,
          expectedAttachType: 0,
          attachBtfId: 0,
          instructions: new Uint8Array(88),
          maps: [],
          license: "GPL",
          flags: 0,
        },
        {
          kind: "attachUprobe",
          program,
          path: "/lib/libc.so.6",
          offset: 0x98930n,
          isReturn: true,
          pid: 0,
          referenceCounterOffset: 0n,
        },
      ],
    },
    results: [
      { handle: 1 as Handle },
      { handle: 2 as Handle },
      { handle: 3 as Handle, mechanism: "uprobe PMU, perf event link" },
    ],
  });
  expect(text).toBe(
    "map AT_x: key 4, value 8, 1 entries\n" +
      "program sonde_1_malloc: 11 instructions\n" +
      "attached uretprobe:/lib/libc.so.6:0x98930 (uprobe PMU, perf event link)\n",
  );
});
