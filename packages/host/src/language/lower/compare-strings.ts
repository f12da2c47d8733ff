import { encodeUtf8 } from "../../text/utf8.js";
import { type CheckedExpression, type CheckedExpressionOf } from "../check/checked-program.js";
import { sizeOfValue, valueTypeOf } from "../check/value-layout.js";
import { type Address, type IrValue, type VirtualRegister } from "../ir.js";
import { type Lowering } from "./lowering.js";
import { withMapValue } from "./map-access.js";
import { cutAligned, type Piece, readInteger } from "./memory-copy.js";
import { constant, moved } from "./program-builder.js";
import { paddedPlace, withStored } from "./stored-place.js";
import { capacityOf, storeString } from "./strings.js";

type Comparison = CheckedExpressionOf<"compareStrings">;
type TextConstant = CheckedExpressionOf<"stringConstant">;

/** Goes on when two strings are the same (up to the limit), jumps otherwise. */
export function jumpIfDifferent(
  lowering: Lowering,
  { left, right, limitBytes }: Comparison,
  target: string,
): void {
  if (right.kind === "stringConstant") {
    compareWithConstant(lowering, left, right, limitBytes, target);
  } else if (left.kind === "stringConstant") {
    compareWithConstant(lowering, right, left, limitBytes, target);
  } else {
    compareStored(lowering, left, right, limitBytes, target);
  }
}

/** Goes on when two values in memory are the same, jumps otherwise. */
export function jumpIfOtherBytes(
  lowering: Lowering,
  { left, right }: CheckedExpressionOf<"compareMemory">,
  target: string,
): void {
  const sizeBytes = sizeOfValue(valueTypeOf(left.type));
  withStored(lowering, left, (leftPlace) => {
    withStored(lowering, right, (rightPlace) => {
      jumpIfApart(lowering, leftPlace, rightPlace, sizeBytes, target);
    });
  });
}

/** Only the constant's bytes and its NUL are compared: a shorter string differs at its own NUL. */
function compareWithConstant(
  lowering: Lowering,
  expression: CheckedExpression,
  text: TextConstant,
  limitBytes: number | undefined,
  target: string,
): void {
  const withNul = Uint8Array.from([...encodeUtf8(text.value), 0]);
  const bytes = withNul.subarray(0, limitBytes ?? withNul.length);
  if (bytes.length === 0) return;
  if (expression.kind === "mapValue" && capacityOf(expression) >= bytes.length) {
    withMapValue(lowering, expression, {
      found: (place) => {
        compareBytes(lowering, place, bytes, target);
      },
      absent: () => {
        // Without an entry it is an empty string.
        if (bytes[0] !== 0) lowering.builder.jump(target);
      },
    });
    return;
  }
  const place = paddedPlace(lowering, expression);
  if (place !== undefined && capacityOf(expression) >= bytes.length) {
    compareBytes(lowering, place, bytes, target);
    return;
  }
  // One byte more than is compared, because the last byte of the buffer is made a NUL.
  const capacityBytes = bytes.length + 1;
  lowering.memory.during(capacityBytes, "string", (copy) => {
    const padding = capacityOf(expression) < capacityBytes ? "zero" : "unknown";
    storeString(lowering, expression, copy, { capacityBytes, padding });
    compareBytes(lowering, copy, bytes, target);
  });
}

function compareBytes(lowering: Lowering, place: Address, bytes: Uint8Array, target: string): void {
  const { builder } = lowering;
  const isLittle = lowering.target.byteOrder === "little";
  for (const { offset, size } of cutAligned(bytes.length, place.offset)) {
    const value = builder.load(moved(place, offset), size, false);
    const wanted = readInteger(bytes.subarray(offset, offset + size), isLittle);
    builder.jumpIf("ne", value, constant(wanted), target);
  }
}

function compareStored(
  lowering: Lowering,
  left: CheckedExpression,
  right: CheckedExpression,
  limitBytes: number | undefined,
  target: string,
): void {
  const capacityBytes = Math.max(capacityOf(left), capacityOf(right));
  const length = Math.min(limitBytes ?? capacityBytes, capacityBytes);
  withPadded(lowering, left, capacityBytes, (leftPlace) => {
    withPadded(lowering, right, capacityBytes, (rightPlace) => {
      jumpIfApart(lowering, leftPlace, rightPlace, length, target);
    });
  });
}

/** Pieces that are looked at before a jump. */
const piecesPerJump = 8;

/**
 * The first piece tells most memory apart and has a jump of its own. The verifier follows both sides of each, and ends
 * beyond 8192 (BPF_COMPLEXITY_LIMIT_JMP_SEQ in kernel/bpf/verifier.c): those behind share one.
 */
function jumpIfApart(
  { builder }: Lowering,
  left: Address,
  right: Address,
  sizeBytes: number,
  target: string,
): void {
  const load = (place: Address, { offset, size }: Piece): VirtualRegister =>
    builder.load(moved(place, offset), size, false);
  const [first, ...others] = cutAligned(sizeBytes, left.offset, right.offset);
  if (first === undefined) return;
  builder.jumpIf("ne", load(left, first), load(right, first), target);
  for (let start = 0; start < others.length; start += piecesPerJump) {
    let apart: IrValue = constant(0);
    for (const piece of others.slice(start, start + piecesPerJump)) {
      const bits = builder.binary("xor", load(left, piece), load(right, piece));
      apart = builder.binary("or", apart, bits);
    }
    builder.jumpIf("ne", apart, constant(0), target);
  }
}

/** The string with NULs up to the capacity: where it stands, or as a copy. */
export function withPadded(
  lowering: Lowering,
  expression: CheckedExpression,
  capacityBytes: number,
  use: (place: Address) => void,
): void {
  const place = paddedPlace(lowering, expression);
  if (place !== undefined && capacityOf(expression) === capacityBytes) {
    use(place);
    return;
  }
  lowering.memory.during(capacityBytes, "string", (copy) => {
    storeString(lowering, expression, copy, { capacityBytes, padding: "zero" });
    use(copy);
  });
}
