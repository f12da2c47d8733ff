import { slotSizeBytes } from "../asm/machine-code.js";
import { type InfoTable } from "../btf/ext-info.js";
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
  const records: Uint8Array[] = [];
  for (const part of parts) {
    const own = functions.isNamed(part.function) ? recordsOf(table, part, byteOrder) : [];
    // The kernel wants to be told of each function's very first instruction.
    if (own[0]?.slot !== part.base) return undefined;
    records.push(...own.map(({ bytes }) => bytes));
  }
  const bytes = new Uint8Array(records.length * table.recordSizeBytes);
  for (const [at, record] of records.entries()) bytes.set(record, at * table.recordSizeBytes);
  return { recordSizeBytes: table.recordSizeBytes, bytes };
}

function recordsOf(
  table: InfoTable,
  { function: one, base }: LinkedPart,
  byteOrder: "little" | "big",
): readonly { readonly slot: number; readonly bytes: Uint8Array }[] {
  const end = one.start + one.code.length / slotSizeBytes;
  const records = (table.sections.get(one.section) ?? []).flatMap((record) => {
    const slot = record.offset / slotSizeBytes;
    if (!Number.isInteger(slot) || slot < one.start || slot >= end) return [];
    const bytes = record.bytes.slice();
    const place = base + slot - one.start;
    new DataView(bytes.buffer).setUint32(0, place, byteOrder === "little");
    return [{ slot: place, bytes }];
  });
  return records.sort((left, right) => left.slot - right.slot);
}
