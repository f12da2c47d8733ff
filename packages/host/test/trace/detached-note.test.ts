import { describe, expect, test } from "@jest/globals";
import { handle } from "@sonde/protocol";
import fc from "fast-check";
import { gzipSync } from "node:zlib";
import { TargetError } from "../../src/session/errors.js";
import { hostVersion } from "../../src/session/version.js";
import { type TraceSpec } from "../../src/spec/trace-spec.js";
import { createNote, decodeNote, encodeNote, toHandles } from "../../src/trace/detached-note.js";
import { encodeTagged } from "../../src/trace/tagged-json.js";

const spec: TraceSpec = {
  object: {
    maps: [
      {
        name: "m0",
        type: "percpu_array",
        keySizeBytes: 4,
        valueSizeBytes: 8,
        maxEntries: 1,
        flags: 0,
        contents: [{ key: new Uint8Array(4), value: new Uint8Array(8) }],
      },
    ],
    programs: [{ name: "p0", type: "tracepoint", instructions: [], license: "GPL" }],
    attachments: [
      { kind: "tracepoint", program: "p0", category: "syscalls", name: "sys_enter_umask" },
    ],
    runs: [{ program: "p0", when: "end" }],
    streams: [{ map: "events", lossMap: "loss" }],
  },
  layout: {
    records: [{ kind: "clearMap", map: 0 }],
    maps: [
      {
        name: "@",
        map: "m0",
        isPerCpu: true,
        keys: [],
        keySizeBytes: 4,
        valueSizeBytes: 8,
        value: { kind: "count" },
      },
    ],
    names: [],
    probeCount: 1,
    printsMapsAtExit: true,
  },
};
const handles = {
  maps: new Map([["m0", handle.parse(1)]]),
  programs: new Map([["p0", handle.parse(2)]]),
  streams: new Map([["events", handle.parse(3)]]),
  attachments: new Map(),
};
const note = createNote({ source: "…", spec }, handles);

describe("a detached trace's note", () => {
  test("has all that it takes to read records, and not what was loaded", () => {
    const dump = { count: 1, keys: new Uint8Array(4), values: Uint8Array.of(1, 2, 3) };
    const read = decodeNote(encodeNote({ ...note, baselines: [[0, dump]] }));
    expect(read.spec.layout).toEqual(spec.layout);
    expect(read.spec.object.maps).toEqual([
      {
        name: "m0",
        type: "percpu_array",
        keySizeBytes: 4,
        valueSizeBytes: 8,
        maxEntries: 1,
        flags: 0,
      },
    ]);
    expect(read.spec.object.runs).toEqual(spec.object.runs);
    expect(toHandles(read)).toEqual(handles);
    expect(read.baselines).toEqual([[0, dump]]);
  });

  test("is refused when it is more than agents keep", () => {
    let state = 1;
    const next = (): number => (state = (state * 48_271) % 2_147_483_647);
    const names = Array.from({ length: 30_000 }, () => next().toString(36));
    const large = { ...spec, layout: { ...spec.layout, names } };
    const encode = (): Uint8Array => encodeNote(createNote({ source: "", spec: large }, handles));
    expect(encode).toThrow(TargetError);
    expect(encode).toThrow("too large to be detached");
  });

  test("of another version is refused by both versions' names", () => {
    const other = gzipSync(encodeTagged({ ...note, version: 2, madeBy: "9.0.0" }));
    expect(() => decodeNote(other)).toThrow(
      `it was detached by sonde 9.0.0, and this is sonde ${hostVersion}`,
    );
  });

  test("with a record of a map that is not there is refused", () => {
    const layout = { ...spec.layout, maps: [] };
    const broken = gzipSync(encodeTagged({ ...note, spec: { ...spec, layout } }));
    expect(() => decodeNote(broken)).toThrow(TargetError);
  });

  test("of arbitrary bytes is refused, and nothing worse", () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.jsonValue(), (bytes, value) => {
        expect(() => decodeNote(bytes)).toThrow(TargetError);
        expect(() => decodeNote(gzipSync(JSON.stringify(value)))).toThrow(TargetError);
      }),
    );
  });
});
