import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { expect } from "@jest/globals";
import { readCallFrames } from "../packages/host/src/dwarf/call-frames.js";
import { ElfReader } from "../packages/host/src/elf/elf-reader.js";
import { noRule, type UnwindRule } from "../packages/host/src/spec/unwind-table.js";
import { requiresCommand } from "./support/requires.js";

interface Row {
  readonly address: number;
  /** "rsp+8", "exp". */
  readonly cfa: string;
  /** "c-16"; "u": the same as the caller's. */
  readonly rbp: string;
  /** "c-8"; "u": there is no caller. */
  readonly returns: string;
}

/** Rows of `readelf --debug-dump=frames-interp`: one table for each function, whose columns its first line names. */
function rowsOf(path: string): readonly Row[] {
  const { stdout: text } = spawnSync("readelf", ["--debug-dump=frames-interp", path], {
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  const rows: Row[] = [];
  let columns: readonly string[] = [];
  for (const line of text.split("\n")) {
    // A register is said twice: "r3 (rbx)".
    const words = line
      .replaceAll(/ \(\w+\)/g, "")
      .trim()
      .split(/\s+/);
    // Of a common entry, whose rows are no code's.
    if (line.includes(" CIE ")) columns = [];
    else if (line.includes(" FDE ")) columns = ["later"];
    else if (words[0] === "LOC" && columns.length > 0) columns = words;
    else if (/^[0-9a-f]{16}$/.test(words[0] ?? "") && columns[0] === "LOC") {
      const column = (name: string): string => words[columns.indexOf(name)] ?? "u";
      const [address, cfa] = [parseInt(words[0] ?? "", 16), column("CFA")];
      rows.push({ address, cfa, rbp: column("rbp"), returns: column("ra") });
    }
  }
  return rows;
}

/** A rule in readelf's words. */
function describe({ cfa, offset, framePointer, returnAddress }: UnwindRule): Omit<Row, "address"> {
  const saved = (place: number | undefined): string => (place === undefined ? "u" : `c${place}`);
  const base = { stack: "rsp", frame: "rbp", behindFrame: "", plt: "", signal: "" }[cfa];
  return {
    cfa: base === "" ? "exp" : `${base}+${offset}`,
    rbp: saved(framePointer),
    returns: saved(returnAddress),
  };
}

const onX86 = requiresCommand("readelf", "binutils");

for (const path of [
  "/lib/x86_64-linux-gnu/libc.so.6",
  "/bin/bash",
  "/lib64/ld-linux-x86-64.so.2",
]) {
  onX86(`frames of ${path} are as readelf says`, async () => {
    const file = readFileSync(path);
    const elf = await ElfReader.open((offset, length) =>
      Promise.resolve(new Uint8Array(file.subarray(offset, offset + length))),
    );
    const section = elf.sections.find(({ name }) => name === ".eh_frame");
    if (section === undefined) throw new Error(`${path} has no .eh_frame`);
    const table = readCallFrames({
      bytes: await elf.readSection(section),
      address: section.address,
      byteOrder: "little",
      wordBits: 64,
      registers: { stack: 7, frame: 6, returnAddress: 16 },
    });
    const rows = rowsOf(path);
    const last = new Map(rows.map((row) => [row.address, row]));
    const wrong: unknown[] = [];
    let [at, compared] = [-1, 0];
    for (const row of [...last.values()].sort((one, other) => one.address - other.address)) {
      while ((table.starts[at + 1] ?? Infinity) <= row.address) at += 1;
      const number = table.ruleOf[at] ?? noRule;
      const rule = table.rules[number];
      const ours = rule === undefined ? "none" : describe(rule);
      const isUnusual =
        !/^r[sb]p/.test(row.cfa) || /^[ur]/.test(row.returns) || row.rbp.startsWith("r");
      // A signal's frame is known by its letter, and its expressions are not read.
      const isExpected =
        ours === "none"
          ? isUnusual || row.rbp === "exp" || row.rbp === "vexp"
          : rule?.cfa === "signal" ||
            (ours.cfa === row.cfa && ours.rbp === row.rbp && ours.returns === row.returns);
      if (!isExpected) wrong.push({ row, ours });
      if (ours !== "none") compared += 1;
    }
    expect(wrong.slice(0, 5)).toEqual([]);
    expect(compared).toBeGreaterThan(1000);
  });
}
