import { helperFlags, helpers } from "../../asm/helpers.js";
import { InternalError } from "../../asm/internal-error.js";
import { type FieldLayout } from "../../spec/value-type.js";
import {
  type CheckedExpression,
  type CheckedExpressionOf,
  type CheckedMap,
} from "../check/checked-program.js";
import { type Span } from "../syntax/span.js";
import { sizeOfValue } from "../check/value-layout.js";
import { type Address, type HelperArgument, type IrValue, type VirtualRegister } from "../ir.js";
import { countRefusedUpdate } from "./loss.js";
import { type Lowering } from "./lowering.js";
import { behind, constant, moved, pointerTo, type ProgramBuilder } from "./program-builder.js";
import { warnOfAbsence } from "./failed-read.js";

export function requireMap(lowering: Lowering, map: number): CheckedMap {
  const found = lowering.program.maps[map];
  if (found === undefined) throw new InternalError(`there is no map ${map}`);
  return found;
}

/** The map itself as a helper's argument. */
export function mapArgument(map: CheckedMap): HelperArgument {
  return { kind: "map", map: map.layout.map };
}

/**
 * Builds a map's key in memory that lasts as long as `use` emits. A map without keys has the key 0. With a bucket, the
 * key's last u64 is that.
 */
export function withKey<Result>(
  lowering: Lowering,
  map: CheckedMap,
  { keys, bucket }: { readonly keys: readonly CheckedExpression[]; readonly bucket?: IrValue },
  use: (key: Address) => Result,
): Result {
  const { builder, memory } = lowering;
  const { keySizeBytes, keys: fields } = map.layout;
  const bucketOffset = keySizeBytes - 8;
  return memory.during(keySizeBytes, `key of ${map.name}`, (key) => {
    zeroGaps(builder, key, fields, bucket === undefined ? keySizeBytes : bucketOffset);
    if (bucket !== undefined) builder.store(moved(key, bucketOffset), 8, bucket);
    keys.forEach((expression, index) => {
      const field = fields[index];
      if (field === undefined) throw new InternalError(`${map.name} has no key ${index}`);
      lowering.store(expression, field.type, moved(key, field.offset));
    });
    return use(key);
  });
}

/** Makes the bytes that belong to no field zero. */
export function zeroGaps(
  builder: ProgramBuilder,
  address: Address,
  fields: readonly FieldLayout[],
  sizeBytes: number,
): void {
  let end = 0;
  for (const field of fields) {
    builder.zero(moved(address, end), field.offset - end);
    end = field.offset + sizeOfValue(field.type);
  }
  builder.zero(moved(address, end), sizeBytes - end);
}

/** Looks a key up: a pointer to its value, or 0. */
export function lookUp(lowering: Lowering, map: CheckedMap, key: Address): VirtualRegister {
  const { builder } = lowering;
  return builder.call(helpers.map_lookup_elem, mapArgument(map), pointerTo(key));
}

/** Emits `found` with the value's place in line, and `absent` aside; both go on behind. */
export function withMapValue(
  lowering: Lowering,
  { map: mapId, keys, span }: CheckedExpressionOf<"mapValue">,
  ways: { readonly found: (value: Address) => void; readonly absent: () => void },
): void {
  const { builder } = lowering;
  const map = requireMap(lowering, mapId);
  const absent = builder.newLabel("absent");
  const end = builder.newLabel("looked_up");
  const value = withKey(lowering, map, { keys }, (key) => lookUp(lowering, map, key));
  builder.jumpIf("eq", value, constant(0), absent);
  ways.found(behind(value));
  builder.label(end);
  builder.aside(() => {
    builder.label(absent);
    warnOfAbsence(lowering, span);
    ways.absent();
    builder.jump(end);
  });
}

/** Writes an entry whether or not there is one. What the kernel refuses is counted. */
export function writeEntry(
  lowering: Lowering,
  map: CheckedMap,
  key: Address,
  value: Address,
  span: Span,
): void {
  const { builder } = lowering;
  const refused = builder.newLabel("refused");
  const end = builder.newLabel("written");
  const result = builder.call(
    helpers.map_update_elem,
    mapArgument(map),
    pointerTo(key),
    pointerTo(value),
    constant(helperFlags.BPF_ANY),
  );
  builder.jumpIf("ne", result, constant(0), refused);
  builder.label(end);
  builder.aside(() => {
    builder.label(refused);
    tellRefusedUpdate(lowering, span, result);
    builder.jump(end);
  });
}

/**
 * Changes an entry's value in place, or makes the entry when there is none. `initial` fills the new value. When another
 * CPU (or a program that preempted this one) makes the entry meanwhile, the kernel refuses ours, and the other's is changed.
 */
export function changeOrInsert(
  lowering: Lowering,
  map: CheckedMap,
  key: Address,
  ways: {
    readonly change: (value: Address) => void;
    readonly initial: (value: Address) => void;
    /** What it is done for. */
    readonly span: Span;
    /** That there was none is worth a warning. */
    readonly reads?: boolean;
  },
): void {
  const { builder, memory } = lowering;
  const change = builder.newLabel("change");
  const insert = builder.newLabel("insert");
  const end = builder.newLabel("changed");
  const value = lookUp(lowering, map, key);
  builder.jumpIf("eq", value, constant(0), insert);
  builder.label(change);
  ways.change(behind(value));
  builder.label(end);
  builder.aside(() => {
    builder.label(insert);
    if (ways.reads === true) warnOfAbsence(lowering, ways.span);
    const result = memory.during(map.layout.valueSizeBytes, `new ${map.name}`, (fresh) => {
      ways.initial(fresh);
      return builder.call(
        helpers.map_update_elem,
        mapArgument(map),
        pointerTo(key),
        pointerTo(fresh),
        constant(helperFlags.BPF_NOEXIST),
      );
    });
    builder.jumpIf("eq", result, constant(0), end);
    builder.move(value, lookUp(lowering, map, key));
    builder.jumpIf("ne", value, constant(0), change);
    tellRefusedUpdate(lowering, ways.span, result);
    builder.jump(end);
  });
}

/** Counts an update that the kernel refused, and tells of it. */
function tellRefusedUpdate(lowering: Lowering, span: Span, result: IrValue): void {
  countRefusedUpdate(lowering);
  lowering.warn(span, { kind: "update" }, result);
}
