import { InternalError } from "../../asm/internal-error.js";
import { type CheckedExpressionOf } from "../check/checked-program.js";
import { fitsRegister } from "../check/type.js";
import { sizeOfValue, valueTypeOf } from "../check/value-layout.js";
import { type Address, type IrValue } from "../ir.js";
import { type Lowering, memoryReader } from "./lowering.js";
import { copyMemory } from "./memory-copy.js";
import { constant, moved, pointerTo } from "./program-builder.js";
import { accessOf } from "./scalar-access.js";
import { withStored } from "./stored-place.js";

/** Writes a buffer or an address: its header, and the bytes behind it. */
export function storeBytesValue(
  lowering: Lowering,
  { header, content, type }: CheckedExpressionOf<"bytes">,
  address: Address,
): void {
  const { builder } = lowering;
  const { capacityBytes } = type;
  const place = moved(address, 8);
  if (content.kind === "memory") {
    const pointer = lowering.value(content.pointer);
    const size =
      content.length === undefined
        ? constant(capacityBytes)
        : atMost(lowering, lowering.value(content.length), capacityBytes);
    builder.zero(place, capacityBytes);
    builder.store(address, 8, content.length === undefined ? lowering.value(header) : size);
    builder.callOnly(memoryReader(lowering.target, content.space), pointerTo(place), size, pointer);
    return;
  }
  const { value } = content;
  const given = lowering.value(header);
  const head = content.isLimited === true ? atMost(lowering, given, capacityBytes) : given;
  if (fitsRegister(value.type)) {
    const { size } = accessOf(value.type);
    if (size > capacityBytes) throw new InternalError(`${size} bytes in ${capacityBytes}`);
    const number = lowering.value(value);
    builder.zero(moved(place, size), capacityBytes - size);
    builder.store(place, size, number);
  } else {
    const size = Math.min(sizeOfValue(valueTypeOf(value.type)), capacityBytes);
    withStored(lowering, value, (from) => {
      copyMemory(lowering, from, place, size);
    });
    builder.zero(moved(place, size), capacityBytes - size);
  }
  builder.store(address, 8, head);
}

/** In a way that the verifier understands. */
function atMost({ builder }: Lowering, value: IrValue, most: number): IrValue {
  const size = builder.register();
  const fits = builder.newLabel("fits");
  builder.move(size, value);
  builder.jumpIf("le", size, constant(most), fits);
  builder.move(size, constant(most));
  builder.label(fits);
  return size;
}
