import { describe, expect, test } from "@jest/globals";
import { type Instruction } from "../../src/asm/instruction.js";
import { encodeObject } from "../../src/object/encode-object.js";
import { parseObject } from "../../src/object/parse-object.js";
import { type MapSpec } from "../../src/spec/map-spec.js";
import { type ObjectSpec } from "../../src/spec/object-spec.js";

const exit: readonly Instruction[] = [
  {
    kind: "alu",
    operation: "mov",
    width: 64,
    destination: 0,
    source: { kind: "immediate", value: 0 },
  },
  { kind: "exit" },
];

const map = (name: string, more: Partial<MapSpec> = {}): MapSpec => ({
  ...{ name, type: "hash", keySizeBytes: 4, valueSizeBytes: 8, maxEntries: 4096, flags: 1 },
  ...more,
});

const object: ObjectSpec = {
  maps: [
    map("AT_x"),
    map("events", { type: "ringbuf", keySizeBytes: 0, valueSizeBytes: 0, flags: 0 }),
    map("loss", { type: "array", valueSizeBytes: 32, maxEntries: 1, flags: 1024 }),
  ],
  programs: [
    {
      name: "sonde_1_begin",
      type: "raw_tracepoint",
      instructions: [{ kind: "loadMap", destination: 1, map: "events" }, ...exit],
      license: "GPL",
    },
    {
      name: "sonde_2_switch",
      type: "tracepoint",
      instructions: [
        { kind: "loadMap", destination: 1, map: "AT_x" },
        { kind: "loadFunction", destination: 2, target: "for_1" },
        { kind: "loadMap", destination: 3, map: "loss", valueOffset: 16 },
        ...exit,
        { kind: "label", name: "for_1" },
        { kind: "loadMap", destination: 4, map: "AT_x" },
        ...exit,
      ],
      functions: [
        { label: undefined, type: 1 },
        { label: "for_1", type: 2 },
      ],
      license: "GPL",
    },
  ],
  attachments: [
    { kind: "tracepoint", program: "sonde_2_switch", category: "sched", name: "sched_switch" },
  ],
  runs: [{ program: "sonde_1_begin", when: "start" }],
  streams: [],
};

describe.each(["little", "big"] as const)("an object that is written, %s-endian", (byteOrder) => {
  test("is read back with its programs where libbpf wants them", async () => {
    const file = await parseObject(encodeObject(object, byteOrder), "x.o");
    expect(file.byteOrder).toBe(byteOrder);
    expect(file.license).toBe("GPL");
    const sections = file.functions.map(({ name, section }) => [name, section]);
    expect(Object.fromEntries(sections)).toEqual({
      sonde_1_begin: "raw_tp",
      sonde_2_switch: "tp/sched/sched_switch",
      sonde_2_switch_for_1: ".text",
    });
  });

  test("names maps, values of maps and functions where the instructions do", async () => {
    const file = await parseObject(encodeObject(object, byteOrder), "x.o");
    const found = file.functions.find(({ name }) => name === "sonde_2_switch");
    expect([...(found?.references ?? [])]).toEqual([
      [0, { kind: "map", map: "AT_x" }],
      [2, expect.objectContaining({ kind: "functionAddress" })],
      [4, expect.objectContaining({ kind: "data" })],
    ]);
    // 3 loads of two slots, and two more.
    expect(found?.code.length).toBe(64);
  });

  test("defines maps by their types, and one whose value is used by itself as data", async () => {
    const { maps, types } = await parseObject(encodeObject(object, byteOrder), "x.o");
    const declared = maps.flatMap((one) => (one.kind === "declared" ? [one] : []));
    const definitions = Object.fromEntries(
      declared.map(({ name, definition }) => [name, definition]),
    );
    expect(definitions).toEqual({
      AT_x: expect.objectContaining({
        ...{ type: "hash", keySizeBytes: 4, valueSizeBytes: 8, maxEntries: 4096, flags: 1 },
      }),
      events: expect.objectContaining({ type: "ringbuf", keySizeBytes: 0, maxEntries: 4096 }),
    });
    const data = maps.filter(({ kind }) => kind === "data");
    expect(data).toMatchObject([{ sizeBytes: 32, isReadOnly: false }]);
    expect(types?.find("sonde_2_switch_for_1", "func")).toBeDefined();
  });

  test("says where functions begin, when there are such beside programs", async () => {
    const { info } = await parseObject(encodeObject(object, byteOrder), "x.o");
    expect(info?.functions.sections.get(".text")?.map(({ offset }) => offset)).toEqual([0]);
    const [begin] = object.programs;
    const plain = { ...object, programs: begin === undefined ? [] : [begin] };
    const alone = await parseObject(encodeObject(plain, byteOrder), "x.o");
    expect(alone.info).toBeUndefined();
  });
});
