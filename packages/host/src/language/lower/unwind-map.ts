import { type MapSpec } from "../../spec/map-spec.js";
import { noRule, type UnwindFile, type UnwindRule } from "../../spec/unwind-table.js";
import { type TargetDescription } from "../../spec/target-description.js";

/** The map that says how to unwind: one value with files, rules and rows, one after the other, as words of the target's. */
export const unwindMapName = "unwind";

/** Of a file: u64 inode, u64 size, u32 first row, u32 rows. */
export const fileEntry = { sizeBytes: 24, inode: 0, fileSize: 8, first: 16, count: 20 } as const;

/** Of a rule: u32 kind, s32 offset of the CFA, s32 places of frame pointer and return address from the CFA on (0: none). */
export const ruleEntry = {
  sizeBytes: 16,
  kind: 0,
  offset: 4,
  framePointer: 8,
  returnAddress: 12,
} as const;

export const ruleKinds: Readonly<Record<UnwindRule["cfa"], number>> = {
  stack: 0,
  frame: 1,
  behindFrame: 2,
  plt: 3,
  signal: 4,
};

/** Of a row: u32 place in the file, u32 rule. */
export const rowEntry = { sizeBytes: 8, start: 0, rule: 4 } as const;

/** How the map's value is laid out. */
export interface UnwindLayout {
  readonly fileCount: number;
  readonly rules: { readonly offset: number; readonly count: number };
  readonly rows: { readonly offset: number; readonly count: number };
  /** Rows of the file with the most. */
  readonly mostRows: number;
}

export function layOutUnwind(files: readonly UnwindFile[]): UnwindLayout {
  const rowsOf = files.map(({ table }) => table.starts.length);
  const ruleCount = files.reduce((sum, { table }) => sum + table.rules.length, 0);
  const rules = { offset: files.length * fileEntry.sizeBytes, count: ruleCount };
  const rowsOffset = rules.offset + ruleCount * ruleEntry.sizeBytes;
  const count = rowsOf.reduce((sum, one) => sum + one, 0);
  return {
    fileCount: files.length,
    rules,
    rows: { offset: rowsOffset, count },
    mostRows: Math.max(1, ...rowsOf),
  };
}

/** The map with the tables of these files. */
export function unwindMapSpec(
  files: readonly UnwindFile[],
  { byteOrder }: Pick<TargetDescription, "byteOrder">,
): MapSpec {
  const layout = layOutUnwind(files);
  const sizeBytes = layout.rows.offset + layout.rows.count * rowEntry.sizeBytes;
  const value = new Uint8Array(Math.max(8, sizeBytes));
  const view = new DataView(value.buffer);
  const isLittle = byteOrder === "little";
  let [rule, row] = [0, 0];
  files.forEach(({ inode, sizeBytes: fileSize, table }, at) => {
    const entry = at * fileEntry.sizeBytes;
    view.setBigUint64(entry + fileEntry.inode, inode, isLittle);
    view.setBigUint64(entry + fileEntry.fileSize, fileSize, isLittle);
    view.setUint32(entry + fileEntry.first, row, isLittle);
    view.setUint32(entry + fileEntry.count, table.starts.length, isLittle);
    table.starts.forEach((start, index) => {
      const place = layout.rows.offset + (row + index) * rowEntry.sizeBytes;
      const ruleOf = table.ruleOf[index] ?? noRule;
      view.setUint32(place + rowEntry.start, start, isLittle);
      const number = ruleOf === noRule ? 0xffff_ffff : rule + ruleOf;
      view.setUint32(place + rowEntry.rule, number, isLittle);
    });
    row += table.starts.length;
    for (const one of table.rules) {
      writeRule(view, layout.rules.offset + rule * ruleEntry.sizeBytes, one, isLittle);
      rule += 1;
    }
  });
  return {
    ...{ name: unwindMapName, type: "array", keySizeBytes: 4, valueSizeBytes: value.length },
    ...{ maxEntries: 1, flags: 0 },
    contents: [{ key: new Uint8Array(4), value }],
  };
}

function writeRule(view: DataView, at: number, rule: UnwindRule, isLittle: boolean): void {
  view.setUint32(at + ruleEntry.kind, ruleKinds[rule.cfa], isLittle);
  view.setInt32(at + ruleEntry.offset, rule.offset, isLittle);
  view.setInt32(at + ruleEntry.framePointer, rule.framePointer ?? 0, isLittle);
  view.setInt32(at + ruleEntry.returnAddress, rule.returnAddress ?? 0, isLittle);
}

/** Mappings that were found once, by what a program cannot always look for: see lower/unwind.ts. */
export const unwindPagesSpec: MapSpec = {
  ...{ name: "unwind_pages", type: "lru_hash", keySizeBytes: 16, valueSizeBytes: 40 },
  ...{ maxEntries: 1024, flags: 0 },
};
