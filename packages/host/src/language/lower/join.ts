import { InternalError } from "../../asm/internal-error.js";
import { type RecordFields } from "../../spec/trace-layout.js";
import { type CheckedStatement } from "../check/checked-program.js";
import { type Address, type IrValue } from "../ir.js";
import { type Lowering, memoryReader, stringReader } from "./lowering.js";
import { behind, constant, moved, pointerTo } from "./program-builder.js";
import { writeRecord } from "./record.js";
import { absentString, appendRead, type Cursor } from "./record-string.js";

type Join = Extract<CheckedStatement, { readonly kind: "join" }>;

/** Writes the strings that an array of pointers leads to, up to a null pointer or the last field. */
export function writeJoin(lowering: Lowering, statement: Join, layout: RecordFields): void {
  // Every string may be read one byte beyond its capacity.
  const stringBytes = layout.fields.reduce((sum, { type }) => {
    if (type.kind !== "string") throw new InternalError(`join of a ${type.kind}`);
    return sum + type.capacityBytes + 1;
  }, 0);
  const pointers = lowering.value(statement.pointers);
  writeRecord(lowering, {
    id: statement.record,
    layout,
    isControl: false,
    stringBytes,
    fill: (record, cursor) => fillJoin(lowering, statement, layout, pointers, { record, cursor }),
  });
}

function fillJoin(
  lowering: Lowering,
  { space }: Join,
  layout: RecordFields,
  pointers: IrValue,
  start: { readonly record: Address; readonly cursor: Cursor },
): Cursor {
  const { builder, memory, target } = lowering;
  const { record } = start;
  const end = builder.newLabel("joined");
  const position = builder.addressOf(start.cursor.place);
  for (const { offset } of layout.fields) {
    builder.store(moved(record, offset), 2, constant(absentString));
  }
  layout.fields.forEach(({ type, offset }, index) => {
    const capacityBytes = type.kind === "string" ? type.capacityBytes : 0;
    const pointer = memory.during(8, "pointer", (copy) => {
      const reader = memoryReader(target, space);
      const from = builder.binary("add", pointers, constant(index * target.pointerSize));
      builder.callOnly(reader, pointerTo(copy), constant(target.pointerSize), from);
      // What cannot be read is zero: the helper sees to that.
      return builder.load(copy, target.pointerSize, false);
    });
    builder.jumpIf("eq", pointer, constant(0), end);
    const next = appendRead(
      lowering,
      {
        helper: stringReader(target, space),
        pointer,
        capacityBytes,
        length: undefined,
        canBeCut: true,
      },
      moved(record, offset),
      { place: behind(position), distance: { kind: "unknown" } },
    );
    builder.move(position, builder.addressOf(next.place));
  });
  builder.label(end);
  return { place: behind(position), distance: { kind: "unknown" } };
}
