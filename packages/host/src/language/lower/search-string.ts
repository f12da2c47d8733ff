import { encodeUtf8 } from "../../text/utf8.js";
import { type CheckedExpression, type CheckedExpressionOf } from "../check/checked-program.js";
import { fitsRegister } from "../check/type.js";
import { type Address, type IrValue, type VirtualRegister } from "../ir.js";
import { threadAndProcess } from "./builtin.js";
import { withPadded } from "./compare-strings.js";
import { hasFeature, type Lowering } from "./lowering.js";
import { behind, constant, moved } from "./program-builder.js";
import { withStored } from "./stored-place.js";
import { capacityOf, storeString } from "./strings.js";

/** -ENOENT, as the kernel's own search has it. */
const notFound = -2;

/** Where a string has another one in it. */
export function findText(
  lowering: Lowering,
  { string, text }: CheckedExpressionOf<"findText">,
): IrValue {
  const { builder, builtins } = lowering;
  const result = builder.register();
  const found = builder.newLabel("found");
  const end = builder.newLabel("searched");
  // Its highest bit is never set, which the verifier does not know.
  const nothing = builder.binary("arsh", threadAndProcess(lowering), constant(63));
  builtins.during(() => {
    if (text.kind === "stringConstant") {
      searchConstant(lowering, string, encodeUtf8(text.value), { result, found });
    } else {
      searchStored(lowering, string, text, { result, found });
    }
    builder.move(result, constant(notFound));
    builder.jump(end);
    builder.label(found);
    // Makes the verifier forget the place: else it would follow what comes behind for each one.
    builder.move(result, builder.binary("xor", result, nothing));
    builder.label(end);
  });
  return result;
}

interface Outcome {
  /** The place that is looked at. */
  readonly result: VirtualRegister;
  readonly found: string;
}

/** Goes to `found` with the place in `result`. */
function searchConstant(
  lowering: Lowering,
  string: CheckedExpression,
  bytes: Uint8Array,
  { result, found }: Outcome,
): void {
  const { builder } = lowering;
  const capacityBytes = capacityOf(string);
  // The last byte is a NUL, which the text has none of.
  const places = capacityBytes - bytes.length;
  withPadded(lowering, string, capacityBytes, (place) => {
    const start = builder.addressOf(place);
    eachPlace(lowering, places, result, () => {
      const next = builder.newLabel("next");
      const begins = builder.newLabel("begins");
      const here = builder.advance(start, result);
      const [first = 0, ...others] = bytes;
      builder.jumpIf("eq", builder.load(behind(here), 1, false), constant(first), begins);
      builder.label(next);
      // Aside, so that the verifier has one way to come back to for each place and not one for each character.
      builder.aside(() => {
        builder.label(begins);
        others.forEach((byte, at) => {
          const character = builder.load(moved(behind(here), at + 1), 1, false);
          builder.jumpIf("ne", character, constant(byte), next);
        });
        builder.jump(found);
      });
    });
  });
}

/** The same for a text that is not known yet. What is compared beyond the string's end is zero. */
function searchStored(
  lowering: Lowering,
  string: CheckedExpression,
  text: CheckedExpression,
  { result, found }: Outcome,
): void {
  const { builder, memory } = lowering;
  const [places, length] = [capacityOf(string), capacityOf(text)];
  memory.during(places + length, "string", (copy) => {
    const options = { capacityBytes: places + length, padding: "zero" } as const;
    storeString(lowering, string, copy, options);
    withPadded(lowering, text, length, (wanted) => {
      const [start, from] = [builder.addressOf(copy), builder.addressOf(wanted)];
      builder.move(result, constant(0));
      const first = builder.load(behind(from), 1, false);
      builder.jumpIf("eq", first, constant(0), found);
      eachPlace(lowering, places, result, () => {
        const next = builder.newLabel("next");
        const begins = builder.newLabel("begins");
        const here = builder.advance(start, result);
        builder.jumpIf("eq", builder.load(behind(here), 1, false), first, begins);
        builder.label(next);
        builder.aside(() => {
          builder.label(begins);
          const at = builder.register();
          eachPlace(lowering, length, at, () => {
            const character = builder.load(behind(builder.advance(from, at)), 1, false);
            builder.jumpIf("eq", character, constant(0), found);
            const other = builder.load(behind(builder.advance(here, at)), 1, false);
            builder.jumpIf("ne", character, other, next);
          });
          builder.jump(next);
        });
      });
    });
  });
}

/** `look` at 0, 1, and so on: in a loop, where the kernel takes one. */
function eachPlace(lowering: Lowering, count: number, at: VirtualRegister, look: () => void): void {
  const { builder, target } = lowering;
  if (!hasFeature(target, "bounded_loops")) {
    for (let place = 0; place < count; place++) {
      builder.move(at, constant(place));
      look();
    }
    return;
  }
  const again = builder.newLabel("look");
  builder.move(at, constant(0));
  builder.label(again);
  look();
  builder.emit({
    kind: "binary",
    operation: "add",
    width: 64,
    to: at,
    left: at,
    right: constant(1),
  });
  builder.jumpIf("lt", at, constant(count), again);
}

/** -1, 0 or 1, by the first bytes that differ. */
export function compareBytes(
  lowering: Lowering,
  { left, right, count }: CheckedExpressionOf<"compareBytes">,
): IrValue {
  const { builder, builtins } = lowering;
  const result = builder.register();
  const different = builder.newLabel("different");
  const end = builder.newLabel("compared");
  const [first, second] = [builder.register(), builder.register()];
  builtins.during(() => {
    withBytes(lowering, left, count, (leftPlace) => {
      withBytes(lowering, right, count, (rightPlace) => {
        const [from, to] = [builder.addressOf(leftPlace), builder.addressOf(rightPlace)];
        const at = builder.register();
        eachPlace(lowering, count, at, () => {
          builder.move(first, builder.load(behind(builder.advance(from, at)), 1, false));
          builder.move(second, builder.load(behind(builder.advance(to, at)), 1, false));
          builder.jumpIf("ne", first, second, different);
        });
      });
    });
    builder.move(result, constant(0));
    builder.jump(end);
    builder.label(different);
    builder.move(result, constant(1));
    builder.jumpIf("gt", first, second, end);
    builder.move(result, constant(-1));
    builder.label(end);
  });
  return result;
}

function withBytes(
  lowering: Lowering,
  value: CheckedExpression,
  count: number,
  use: (place: Address) => void,
): void {
  if (value.type.kind === "string") {
    withPadded(lowering, value, Math.max(capacityOf(value), count + 1), use);
  } else if (fitsRegister(value.type)) {
    lowering.memory.during(8, "number", (place) => {
      lowering.builder.store(place, 8, lowering.value(value));
      use(place);
    });
  } else {
    withStored(lowering, value, (place) => {
      // What is read from memory has its size before it.
      use(value.type.kind === "bytes" ? moved(place, 8) : place);
    });
  }
}
