import { describe, expect, test } from "@jest/globals";
import { type Handle } from "@sonde/protocol";
import { buildPlan, nameHandles } from "../../src/session/build-plan.js";
import { type ObjectSpec } from "../../src/spec/object-spec.js";

const object: ObjectSpec = {
  maps: [
    {
      name: "events",
      type: "ringbuf",
      keySizeBytes: 0,
      valueSizeBytes: 0,
      maxEntries: 4096,
      flags: 0,
    },
    {
      name: "loss@total",
      type: "array",
      keySizeBytes: 4,
      valueSizeBytes: 16,
      maxEntries: 1,
      flags: 1024,
      contents: [{ key: new Uint8Array(4), value: new Uint8Array(16) }],
    },
  ],
  programs: [
    {
      name: "begin",
      type: "raw_tracepoint",
      license: "GPL",
      instructions: [
        { kind: "loadMap", destination: 1, map: "loss@total", valueOffset: 8 },
        {
          kind: "alu",
          operation: "mov",
          width: 64,
          destination: 0,
          source: { kind: "immediate", value: 0 },
        },
        { kind: "exit" },
      ],
    },
  ],
  attachments: [{ kind: "tracepoint", program: "begin", category: "sched", name: "sched_switch" }],
  runs: [
    { program: "begin", when: "start" },
    { program: "begin", when: "end" },
  ],
  streams: [{ map: "events", lossMap: "loss@total" }],
};
const options = {
  byteOrder: "little",
  creditBytes: 1,
  gatherMilliseconds: 2,
  perfPages: 8,
} as const;

describe("buildPlan", () => {
  test("orders maps, what they hold, programs, streams, runs at the start, attachments", () => {
    const { plan } = buildPlan(object, options);
    expect(plan.steps.map((step) => step.kind)).toEqual([
      "createMap",
      "createMap",
      "fillMap",
      "loadProgram",
      "openStream",
      "runProgram",
      "attachTracepoint",
    ]);
  });

  test("gives the kernel names that it takes", () => {
    const { plan } = buildPlan(object, options);
    expect(plan.steps[1]).toMatchObject({ kind: "createMap", name: "loss_total" });
  });

  test("refers to maps by the step that makes them, with the offset into the value", () => {
    const { plan } = buildPlan(object, options);
    expect(plan.steps[3]).toMatchObject({
      kind: "loadProgram",
      maps: [{ instruction: 0, map: { step: 1 }, valueOffset: 8 }],
    });
  });

  test("tells the kernel where the functions of a program begin, and what they are", () => {
    const [begin] = object.programs;
    if (begin === undefined) throw new Error("there is no program");
    const withCallback: ObjectSpec = {
      ...object,
      types: Uint8Array.of(1, 2, 3),
      programs: [
        {
          ...begin,
          instructions: [
            { kind: "loadFunction", destination: 2, target: "for_1" },
            { kind: "exit" },
            { kind: "label", name: "for_1" },
            { kind: "exit" },
          ],
          functions: [
            { label: undefined, type: 4 },
            { label: "for_1", type: 6 },
          ],
        },
      ],
    };
    const { plan, programs } = buildPlan(withCallback, options);
    expect(plan.steps[0]).toEqual({ kind: "loadBtf", data: Uint8Array.of(1, 2, 3) });
    const step = plan.steps[programs.get("begin") ?? -1];
    const bytes = new Uint8Array(Uint32Array.of(0, 4, 3, 6).buffer);
    expect(step).toMatchObject({
      types: { btf: { step: 0 }, functions: { recordSizeBytes: 8, bytes } },
    });
    // LD_IMM64 of a function counts from the next instruction, as jumps do (the second half of the pair is one).
    const { instructions } =
      step?.kind === "loadProgram" ? step : { instructions: new Uint8Array() };
    expect([...instructions.subarray(0, 8)]).toEqual([0x18, 0x42, 0, 0, 2, 0, 0, 0]);
  });

  test("names the handles of the results", () => {
    const built = buildPlan(object, options);
    const results = built.plan.steps.map((_, index) => ({ handle: (index + 10) as Handle }));
    const handles = nameHandles(built, results);
    expect(handles.maps.get("loss@total")).toBe(11);
    expect(handles.programs.get("begin")).toBe(13);
    expect(handles.streams.get("events")).toBe(14);
  });
});
