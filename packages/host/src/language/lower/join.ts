import { InternalError } from "../../asm/internal-error.js";
import { type FieldLayout, type ValueType } from "../../spec/value-type.js";
import { type AddressSpace } from "../check/type.js";
import { type Address, type IrValue } from "../ir.js";
import { type Lowering, memoryReader, stringReader } from "./lowering.js";
import { behind, constant, moved, pointerTo } from "./program-builder.js";
import { absentString, appendRead, type Cursor } from "./record-string.js";

/** Bytes that the strings of a list can take. */
export function longestList(fields: readonly FieldLayout[]): number {
  return fields.reduce((sum, { type }) => sum + capacityOfField(type), 0);
}

function capacityOfField(type: ValueType): number {
  if (type.kind !== "string") throw new InternalError(`a ${type.kind} in a list of strings`);
  return type.capacityBytes;
}

/** Appends the strings that an array of pointers leads to, up to a null pointer or the last of the fields. */
export function appendList(
  lowering: Lowering,
  list: { readonly pointers: IrValue; readonly space: AddressSpace },
  fields: readonly FieldLayout[],
  start: { readonly record: Address; readonly cursor: Cursor },
): Cursor {
  const { pointers, space } = list;
  const { builder, memory, target } = lowering;
  const { record } = start;
  const end = builder.newLabel("joined");
  const position = builder.register();
  builder.move(position, builder.addressOf(start.cursor.place));
  for (const { offset } of fields) {
    builder.store(moved(record, offset), 2, constant(absentString));
  }
  fields.forEach(({ type, offset }, index) => {
    const capacityBytes = capacityOfField(type);
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
        showsCut: true,
      },
      moved(record, offset),
      { place: behind(position), distance: { kind: "unknown" } },
    );
    builder.move(position, builder.addressOf(next.place));
  });
  builder.label(end);
  return { place: behind(position), distance: { kind: "unknown" } };
}
