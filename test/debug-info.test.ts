import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "@jest/globals";
import { DebugInfo } from "../packages/host/src/dwarf/debug-info.js";
import { type DebugSections } from "../packages/host/src/dwarf/debug-entries.js";
import { DwarfError } from "../packages/host/src/dwarf/dwarf-error.js";
import { readLines } from "../packages/host/src/dwarf/line-table.js";
import { ElfReader } from "../packages/host/src/elf/elf-reader.js";
import { compile } from "./support/c-program.js";

const source = `struct inner { long deep; };
enum color { RED = -1, BLUE = 7 };
typedef unsigned int number_t;
struct point {
  int x; unsigned kind : 3, rest : 5;
  char name[10];
  struct inner in[2][3];
  union { double d; struct point *next; };
};
struct declared;
__attribute__((noinline)) int place(const struct point *p, char c, enum color color, number_t n, double d, struct declared **q) {
  return p->x + c + color + n + (q == 0) + (int)d;
}
int main(int argc, char **argv) { struct point p = { argc }; return place(&p, 'x', BLUE, 3, 1.5, 0); }
`;

async function sectionsOf(path: string): Promise<DebugSections> {
  const file = readFileSync(path);
  const elf = await ElfReader.open(async (offset, length) =>
    Promise.resolve(file.subarray(offset, offset + length)),
  );
  const read = async (name: string): Promise<Uint8Array> => {
    const section = elf.sections.find((one) => one.name === name);
    return section === undefined ? new Uint8Array(0) : await elf.readSection(section);
  };
  return {
    byteOrder: elf.header.byteOrder,
    info: await read(".debug_info"),
    abbrev: await read(".debug_abbrev"),
    str: await read(".debug_str"),
    lineStr: await read(".debug_line_str"),
    strOffsets: await read(".debug_str_offsets"),
    addr: await read(".debug_addr"),
    line: await read(".debug_line"),
  };
}

const integer = (sizeBytes: number, isSigned: boolean, isCharacter = false): object => ({
  ...{ kind: "integer", sizeBytes, isSigned, isCharacter },
});

describe.each([4, 5])("debug information of DWARF %d", (version) => {
  let sections: DebugSections;
  beforeAll(async () => {
    const options = [`-gdwarf-${version}`];
    sections = await sectionsOf(compile(`debug-info-${version}`, source, options));
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

  test("damaged bytes raise DwarfError and nothing else", () => {
    const scale = Number(process.env["SONDE_FUZZ_SCALE"] ?? 1);
    let random = 7;
    const next = (limit: number): number => {
      random = (random * 1_103_515_245 + 12_345) % 2_147_483_648;
      return random % limit;
    };
    for (let time = 0; time < 60 * scale; time += 1) {
      const damaged = { ...sections };
      for (const name of ["info", "abbrev", "line"] as const) {
        const bytes = Uint8Array.from(sections[name]);
        for (let count = 0; count < 3; count += 1) bytes[next(bytes.length)] = next(256);
        damaged[name] = bytes;
      }
      const attempts = [
        () => {
          const info = new DebugInfo("/a", damaged);
          const type = info.type("struct point");
          const id = type?.kind === "structure" ? /#(\d+)$/.exec(type.id)?.[1] : undefined;
          if (id !== undefined) info.members(Number(id));
          info.function("place");
        },
        () => [...readLines(damaged)],
      ];
      for (const attempt of attempts) {
        try {
          attempt();
        } catch (error) {
          expect(error).toBeInstanceOf(DwarfError);
        }
      }
    }
  });
});
