import { helperFlags, helpers } from "../../asm/helpers.js";
import { InternalError } from "../../asm/internal-error.js";
import { type RecordFields } from "../../spec/trace-layout.js";
import { type CheckedExpression, type CheckedStatement } from "../check/checked-program.js";
import { fitsRegister } from "../check/type.js";
import { sizeOfValue, valueTypeOf } from "../check/value-layout.js";
import { type Address, type IrValue } from "../ir.js";
import { appendList, longestList } from "./join.js";
import { countLostRecord } from "./loss.js";
import { type Lowering, ownMaps } from "./lowering.js";
import { copyMemory } from "./memory-copy.js";
import { behind, constant, moved, pointerTo } from "./program-builder.js";
import { appendRead, appendString, longestAppended, type Cursor } from "./record-string.js";
import { accessSize } from "./scalar-access.js";
import { storedRead } from "./strings.js";

/** A record that is to be written, and what fills it. */
export interface RecordToWrite {
  readonly id: number;
  readonly layout: RecordFields;
  readonly isControl: boolean;
  /** Bytes that the strings can take at most, with what reading them needs. */
  readonly stringBytes: number;
  /** Writes the fields; gives the place behind the last string. */
  readonly fill: (record: Address, cursor: Cursor) => Cursor;
}

type RecordStatement = Extract<CheckedStatement, { readonly kind: "record" }>;

/** Strings that are at most this long together are not worth a copy. */
const smallStringBytes = 64;
/** Records for perf event arrays that are built on the stack. */
const smallRecordBytes = 128;

/** Writes a record of values: printf, print(value), emit, join, exit. */
export function writeValues(
  lowering: Lowering,
  { record: id, values, list, isControl }: RecordStatement,
  layout: RecordFields,
): void {
  withEarlyValues(lowering, values, (early) => {
    writeRest(lowering, { id, values, list, isControl, layout, early });
  });
}

function writeRest(
  lowering: Lowering,
  rest: {
    readonly id: number;
    readonly values: readonly CheckedExpression[];
    readonly list: RecordStatement["list"];
    readonly isControl: boolean;
    readonly layout: RecordFields;
    readonly early: EarlyValues;
  },
): void {
  const { id, values, list, isControl, layout, early } = rest;
  const listFields = layout.fields.slice(values.length);
  const pointers = list === undefined ? undefined : lowering.value(list.pointers);
  const strings = values.filter((value) => value.type.kind === "string");
  writeRecord(lowering, {
    id,
    layout,
    isControl,
    stringBytes: strings.reduce(
      (sum, value) => sum + longestAppended(value),
      longestList(listFields),
    ),
    fill: (record, start) => {
      let cursor = start;
      values.forEach((expression, index) => {
        const field = layout.fields[index];
        if (field === undefined) throw new InternalError(`record ${id} has no field ${index}`);
        const place = moved(record, field.offset);
        const known = early.get(index);
        if (known !== undefined && "place" in known) {
          if (field.type.kind === "string") {
            const read = storedRead(lowering, known.place, expression);
            cursor = appendRead(lowering, read, place, cursor);
          } else {
            copyMemory(lowering, known.place, place, sizeOfValue(field.type));
          }
        } else if (known !== undefined) {
          lowering.builder.store(place, accessSize(sizeOfValue(field.type)), known.value);
        } else if (field.type.kind === "string") {
          cursor = appendString(lowering, expression, place, cursor);
        } else {
          lowering.store(expression, field.type, place);
        }
      });
      if (list === undefined || pointers === undefined) return cursor;
      return appendList(lowering, { pointers, space: list.space }, listFields, { record, cursor });
    },
  });
}

/** By a value's number: what it is, or where it stands. */
type EarlyValues = ReadonlyMap<number, { readonly value: IrValue } | { readonly place: Address }>;

/**
 * What changes something must do so even when the record finds no room, and what takes long must not hold up the records of
 * others behind it: both are evaluated before. `use` emits the record.
 */
function withEarlyValues(
  lowering: Lowering,
  values: readonly CheckedExpression[],
  use: (early: EarlyValues) => void,
): void {
  const kinds = lowering.program.warnings?.tellsOfReads === true ? warnedKinds : workKinds;
  const early = new Map<number, { readonly value: IrValue } | { readonly place: Address }>();
  const evaluate = (index: number): void => {
    const expression = values[index];
    if (expression === undefined) {
      use(early);
    } else if (!isWork(expression, kinds)) {
      evaluate(index + 1);
    } else if (fitsRegister(expression.type)) {
      early.set(index, { value: lowering.value(expression) });
      evaluate(index + 1);
    } else {
      const type = valueTypeOf(expression.type);
      lowering.memory.during(sizeOfValue(type), "value", (place) => {
        lowering.store(expression, type, place);
        early.set(index, { place });
        evaluate(index + 1);
      });
    }
  };
  evaluate(0);
}

const workKinds: ReadonlySet<unknown> = new Set([
  "update",
  "stack",
  "block",
  "aggregationValue",
  "deleted",
]);

/** What may be told of besides, before the record that it is for. */
const warnedKinds: ReadonlySet<unknown> = new Set([
  ...workKinds,
  "mapValue",
  "readMemory",
  "readString",
]);

function isWork(value: unknown, kinds: ReadonlySet<unknown>): boolean {
  if (typeof value !== "object" || value === null) return false;
  // Types have kinds, too.
  if ("span" in value && "kind" in value) {
    if (kinds.has(value.kind)) return true;
    if (value.kind === "element") return true;
    const operation = "operation" in value ? value.operation : undefined;
    if (operation === "divide" || operation === "modulo") return true;
  }
  return Object.values(value).some((part) => isWork(part, kinds));
}

/** Writes a record, or counts it as lost. */
export function writeRecord(lowering: Lowering, record: RecordToWrite): void {
  const { builder, builtins, channel } = lowering;
  const lost = builder.newLabel("lost");
  const end = builder.newLabel("recorded");
  // Whether what follows is run depends on the room.
  builtins.during(() => {
    if (channel.kind === "ring") writeToRing(lowering, record, lost);
    else writeToPerfBuffer(lowering, record, lost);
  });
  builder.label(end);
  builder.aside(() => {
    builder.label(lost);
    countLostRecord(lowering);
    builder.jump(end);
  });
}

function writeToRing(lowering: Lowering, record: RecordToWrite, lost: string): void {
  const { builder, channel, memory } = lowering;
  if (channel.kind !== "ring") throw new InternalError("no ring buffer");
  if (channel.keepsRoomForControl && !record.isControl) {
    const used = builder.call(
      helpers.ringbuf_query,
      { kind: "map", map: ownMaps.events },
      constant(helperFlags.BPF_RB_AVAIL_DATA),
    );
    builder.jumpIf("ge", used, constant((channel.sizeBytes / 8) * 7), lost);
  }
  if (record.stringBytes <= smallStringBytes || memory.use === "none") {
    reserveAndBuild(lowering, record, lost);
    return;
  }
  memory.forRecord(maximumBytes(record), lost, (place) => {
    const length = build(lowering, record, place, lost);
    const result = builder.call(
      helpers.ringbuf_output,
      { kind: "map", map: ownMaps.events },
      pointerTo(place),
      length,
      constant(0),
    );
    builder.jumpIf("ne", result, constant(0), lost);
  });
}

/** The whole possible size is reserved and written where it is: nobody else can come between. */
function reserveAndBuild(lowering: Lowering, record: RecordToWrite, lost: string): void {
  const { builder } = lowering;
  const place = builder.call(
    helpers.ringbuf_reserve,
    { kind: "map", map: ownMaps.events },
    constant(maximumBytes(record)),
    constant(0),
  );
  builder.jumpIf("eq", place, constant(0), lost);
  fill(lowering, record, behind(place));
  builder.callOnly(helpers.ringbuf_submit, place, constant(0));
}

/** Before 5.8: no program runs twice at a time on a CPU there, so all may build in the scratch map. */
function writeToPerfBuffer(lowering: Lowering, record: RecordToWrite, lost: string): void {
  const { builder, memory } = lowering;
  const size = maximumBytes(record);
  const output = (place: Address, length: IrValue): void => {
    const result = builder.call(
      helpers.perf_event_output,
      pointerTo({ kind: "context", offset: 0 }),
      { kind: "map", map: ownMaps.events },
      constant(helperFlags.BPF_F_CURRENT_CPU),
      pointerTo(place),
      length,
    );
    builder.jumpIf("ne", result, constant(0), lost);
  };
  if (size > smallRecordBytes) {
    memory.forRecord(size, lost, (place) => {
      output(place, build(lowering, record, place, lost));
    });
    return;
  }
  memory.during(size, "record", (place) => {
    // Whatever is output has to be written before, also what lies between the fields and behind the strings.
    builder.zero(place, size);
    fill(lowering, record, place);
    output(place, constant(size));
  });
}

/** Bytes of the record with the longest strings that it can have. */
function maximumBytes({ layout, stringBytes }: RecordToWrite): number {
  return Math.ceil((layout.fixedSizeBytes + stringBytes) / 8) * 8;
}

function fill(lowering: Lowering, record: RecordToWrite, place: Address): Cursor {
  lowering.builder.store(place, 4, constant(record.id));
  const strings = moved(place, record.layout.fixedSizeBytes);
  return record.fill(place, { place: strings, distance: { kind: "fixed" } });
}

/** Fills the record and gives its real length. */
function build(lowering: Lowering, record: RecordToWrite, place: Address, lost: string): IrValue {
  const { builder } = lowering;
  const { place: end, distance } = fill(lowering, record, place);
  if (distance.kind === "fixed") return constant(end.offset - place.offset);
  if (distance.kind === "afterString") {
    return builder.binary("add", distance.length, constant(distance.start - place.offset));
  }
  const length = builder.binary("sub", builder.addressOf(end), builder.addressOf(place));
  // Never so: it tells the verifier the bounds, which it does not know of a difference of pointers.
  builder.jumpIf("gt", length, constant(maximumBytes(record)), lost);
  return length;
}
