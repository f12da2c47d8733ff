import { slotSizeBytes } from "../asm/machine-code.js";
import { type InfoRecord, type InfoTable } from "../btf/ext-info.js";
import { type InfoRecords } from "../spec/program-spec.js";
import { type FunctionTable } from "./function-table.js";
import { type LinkedPart } from "./link-program.js";

/**
 * What a table tells of a linked program's functions, with places in the program; undefined when it lacks one of them, since the
 * kernel wants all or none.
 */
export function infoOf(
  table: InfoTable | undefined,
  parts: readonly LinkedPart[],
  functions: FunctionTable,
  byteOrder: "little" | "big",
): InfoRecords | undefined {
  if (table === undefined) return undefined;
  const found: { readonly records: readonly InfoRecord[]; readonly part: LinkedPart }[] = [];
  let count = 0;
  for (const part of parts) {
    const records = functions.isNamed(part.function) ? recordsOf(table, part) : [];
    // The kernel wants to be told of each function's very first instruction.
    if (records[0]?.offset !== part.function.start * slotSizeBytes) return undefined;
    found.push({ records, part });
    count += records.length;
  }
  const { recordSizeBytes } = table;
  const bytes = new Uint8Array(count * recordSizeBytes);
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const { records, part } of found) {
    const distance = part.base - part.function.start;
    for (const record of records) {
      bytes.set(record.bytes, at);
      view.setUint32(at, record.offset / slotSizeBytes + distance, byteOrder === "little");
      at += recordSizeBytes;
    }
  }
  return { recordSizeBytes, bytes };
}

/** The records of each section in the order of their instructions, once they have been put into it. */
const sorted = new WeakMap<readonly InfoRecord[], readonly InfoRecord[]>();

function inOrder(records: readonly InfoRecord[]): readonly InfoRecord[] {
  let known = sorted.get(records);
  if (known === undefined) {
    known = records
      .filter(({ offset }) => offset % slotSizeBytes === 0)
      .sort((left, right) => left.offset - right.offset);
    sorted.set(records, known);
  }
  return known;
}

function recordsOf(table: InfoTable, { function: one }: LinkedPart): readonly InfoRecord[] {
  const records = inOrder(table.sections.get(one.section) ?? []);
  const start = one.start * slotSizeBytes;
  return records.slice(firstFrom(records, start), firstFrom(records, start + one.code.length));
}

/** The index of the first record at a byte of the section or behind it. */
function firstFrom(records: readonly InfoRecord[], offset: number): number {
  let [low, high] = [0, records.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((records[middle]?.offset ?? 0) < offset) low = middle + 1;
    else high = middle;
  }
  return low;
}
