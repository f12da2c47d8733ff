import { expect, test } from "@jest/globals";
import { DebugInfo } from "../packages/host/src/dwarf/debug-info.js";
import { type DebugSections } from "../packages/host/src/dwarf/debug-entries.js";
import { DwarfError } from "../packages/host/src/dwarf/dwarf-error.js";
import { readLineRows, readLines } from "../packages/host/src/dwarf/line-table.js";
import { SourceLines } from "../packages/host/src/symbols/source-lines.js";
import { compileWithDebugInfo } from "./support/debug-info.js";

const scale = Number(process.env["SONDE_FUZZ_SCALE"] ?? 1);
const runs = 1000 * scale;
/** Ends of numbers; and forms of attributes that take no bytes: DW_FORM_flag_present, DW_FORM_implicit_const. */
const telling = [0, 1, 0x7f, 0x80, 0xff, 0x19, 0x21];

/** The same numbers in each run. */
function numbers(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((state / 2_147_483_648) * limit);
  };
}

function mutate(sections: DebugSections, random: (limit: number) => number): DebugSections {
  const mutated = { ...sections };
  for (const name of ["info", "abbrev", "line"] as const) {
    const original = sections[name];
    const length = random(16) === 0 ? random(original.length) : original.length;
    const bytes = Uint8Array.from(original.subarray(0, length));
    for (let count = random(4); count > 0 && length > 0; count--) {
      // Headers, which decide most, are at the front.
      const at = random(2) === 0 ? random(length) : random(Math.min(length, 64));
      bytes[at] = random(2) === 0 ? random(256) : (telling[random(telling.length)] ?? 0);
    }
    mutated[name] = bytes;
  }
  return mutated;
}

function readTypes(sections: DebugSections): void {
  const info = new DebugInfo("/a", sections);
  const type = info.type("struct point");
  const id = type?.kind === "structure" ? /#(\d+)$/.exec(type.id)?.[1] : undefined;
  if (id !== undefined) info.members(Number(id));
  info.function("place");
}

function countLines(sections: DebugSections): number {
  let count = 0;
  for (const { line } of readLines(sections)) count += line >= 0 ? 1 : 0;
  const lines = new SourceLines(readLineRows(sections), [
    { fileOffset: 0, address: 0, sizeBytes: 1e6 },
  ]);
  for (let offset = 0n; offset < 1_000_000n; offset += 50_000n) lines.find(offset);
  return count;
}

test.each([4, 5])(
  "damaged debug information of DWARF %d gives types and lines, or a DwarfError",
  async (version) => {
    const sections = await compileWithDebugInfo(version);
    const random = numbers(version);
    const outcomes = { read: 0, refused: 0 };
    for (let run = 0; run < runs; run++) {
      const damaged = mutate(sections, random);
      for (const read of [readTypes, countLines]) {
        try {
          read(damaged);
          outcomes.read++;
        } catch (error) {
          if (!(error instanceof DwarfError)) throw error;
          outcomes.refused++;
        }
      }
    }
    expect(outcomes.read).toBeGreaterThan(runs / 10);
    expect(outcomes.refused).toBeGreaterThan(runs / 10);
  },
  60_000 * scale,
);

test("a table of files whose entries take no bytes is refused", async () => {
  const sections = await compileWithDebugInfo(5);
  const line = Uint8Array.from(sections.line);
  // The only format of directories, DW_LNCT_path as DW_FORM_line_strp, and their count (DWARF 5, 6.2.4).
  const format = line.findIndex(
    (byte, at) => byte === 1 && line[at + 1] === 1 && line[at + 2] === 0x1f,
  );
  expect(format).toBeGreaterThan(0);
  line.set([1, 1, 0x19, 0xff, 0xff, 0xff, 0xff, 0x7f], format);
  expect(() => countLines({ ...sections, line })).toThrow(DwarfError);
});
