import { execFileSync } from "node:child_process";
import { basename } from "node:path";
import { beforeAll, describe, expect, test } from "@jest/globals";
import { DebugInfo } from "../packages/host/src/dwarf/debug-info.js";
import { type DebugSections } from "../packages/host/src/dwarf/debug-entries.js";
import { readLineRows, readLines } from "../packages/host/src/dwarf/line-table.js";
import { SourceLines } from "../packages/host/src/symbols/source-lines.js";
import { compiledWithDebugInfo, compileWithDebugInfo } from "./support/debug-info.js";

const integer = (sizeBytes: number, isSigned: boolean, isCharacter = false): object => ({
  ...{ kind: "integer", sizeBytes, isSigned, isCharacter },
});

describe.each([4, 5])("debug information of DWARF %d", (version) => {
  let sections: DebugSections;
  beforeAll(async () => {
    sections = await compileWithDebugInfo(version);
  });

  test("tells what a function takes", () => {
    const taken = new DebugInfo("/a", sections).function("place")?.parameters ?? [];
    expect(taken.map(({ name, typeName }) => `${typeName} ${name}`)).toEqual([
      "const struct point* p",
      "char c",
      "enum color color",
      "number_t n",
      "double d",
      "struct declared** q",
    ]);
    expect(taken.map(({ type }) => type.kind)).toEqual([
      ...["pointer", "integer", "enumeration", "integer", "opaque", "pointer"],
    ]);
    expect(taken[2]?.type).toMatchObject({
      isSigned: true,
      values: [
        { name: "RED", value: -1n },
        { name: "BLUE", value: 7n },
      ],
    });
    expect(new DebugInfo("/a", sections).function("gone")).toBeUndefined();
  });

  test("tells what a structure is made of", () => {
    const info = new DebugInfo("/a", sections);
    const point = info.type("struct point");
    expect(point).toMatchObject({ kind: "structure", tag: "struct", sizeBytes: 72 });
    const id = point?.kind === "structure" ? point.id : "";
    const [, file, offset] = /^(.*)#(\d+)$/.exec(id) ?? [];
    expect(file).toBe("/a");
    const members = info.members(Number(offset));
    expect(
      members.map(({ name, bitOffset, bitFieldSize }) => [name, bitOffset, bitFieldSize]),
    ).toEqual([
      ["x", 0, 0],
      ["kind", 32, 3],
      ["rest", 35, 5],
      ["name", 40, 0],
      ["in", 128, 0],
      ["", 512, 0],
    ]);
    expect(members[3]?.type).toEqual({
      ...{ kind: "array", length: 10 },
      element: integer(1, true, true),
    });
    expect(members[4]?.type).toMatchObject({
      length: 2,
      element: { length: 3, element: { kind: "structure", name: "inner", sizeBytes: 8 } },
    });
    expect(info.type("number_t")).toEqual(integer(4, false));
    expect(info.type("struct declared")).toBeUndefined();
  });

  test("tells where the code of a line begins", () => {
    const lines = [...readLines(sections)].filter(({ line }) => line === 12);
    expect(lines.length).toBeGreaterThan(0);
    for (const { file, address } of lines) {
      expect(file.endsWith(`/debug-info-${version}.c`)).toBe(true);
      expect(address).toBeGreaterThan(0n);
    }
  });

  test("tells the line of each instruction of a function", () => {
    const rows = [...readLineRows(sections)].filter(({ endsSequence }) => !endsSequence);
    const first = Math.min(...rows.map(({ address }) => Number(address)));
    const lines = new SourceLines(readLineRows(sections), [
      { fileOffset: 0, address: first, sizeBytes: 4096 },
    ]);
    const path = compiledWithDebugInfo(version);
    const end = Math.max(...rows.map(({ address }) => Number(address)));
    const offsets = Array.from({ length: end - first }, (_, offset) => offset);
    const addresses = offsets.map((offset) => (first + offset).toString(16));
    const peer = execFileSync("addr2line", ["-e", path, ...addresses], { encoding: "utf8" });
    const told = offsets.map((offset) => {
      const place = lines.find(BigInt(offset));
      return `${basename(place?.path ?? "")}:${place?.line ?? 0}`;
    });
    const wanted = peer.trim().split("\n");
    expect(told).toEqual(wanted.map((one) => basename(one.replace(/ \(.*/, ""))));
    expect(lines.find(BigInt(end - first) + 4000n)).toBeUndefined();
  });
});
