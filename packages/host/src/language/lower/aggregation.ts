import { assertNever, InternalError } from "../../asm/internal-error.js";
import { type CheckedMap, type CheckedStatement } from "../check/checked-program.js";
import { type Address, type IrValue } from "../ir.js";
import { histogramBucket, linearBucket } from "./histogram.js";
import { addInPlace, keepExtreme, storePair, type Update } from "./in-place.js";
import { type Lowering } from "./lowering.js";
import { changeOrInsert, lookUp, requireMap, withKey } from "./map-access.js";
import { behind, constant, moved } from "./program-builder.js";
import { currentInterval, seriesUpdate } from "./time-series.js";

type Aggregate = Extract<CheckedStatement, { readonly kind: "aggregate" }>;

/** `@x[k] = count()` and its like: one lookup and a change in place for an entry that is there. */
export function aggregate(lowering: Lowering, statement: Aggregate): void {
  const { builder } = lowering;
  const map = requireMap(lowering, statement.map);
  const { value: layout } = map.layout;
  // Before the key, so that no call comes between the key's making and its use.
  const value: IrValue =
    statement.value === undefined ? constant(1) : lowering.value(statement.value);
  const interval = layout.kind === "tseries" ? currentInterval(lowering, layout) : undefined;
  const bucket = interval?.slot ?? findBucket(lowering, map, value);
  const { keys } = statement;
  const keyParts = bucket !== undefined && isStoredByKey(map) ? { keys, bucket } : { keys };
  withKey(lowering, map, keyParts, (key) => {
    const update =
      layout.kind === "tseries" && interval !== undefined
        ? seriesUpdate(lowering, layout, interval, value)
        : updateOf(lowering, map, value, bucket);
    if (map.spec.type === "percpu_array" || map.spec.type === "array") {
      // Its value is always there, but the verifier does not know that.
      const absent = builder.newLabel("absent");
      const place = lookUp(lowering, map, key);
      builder.jumpIf("eq", place, constant(0), absent);
      update.change(behind(place));
      builder.label(absent);
    } else {
      changeOrInsert(lowering, map, key, { ...update, span: statement.span });
    }
  });
  if (layout.kind === "plain") throw new InternalError(`${map.name} is no aggregation`);
}

function isStoredByKey({ layout: { value } }: CheckedMap): boolean {
  return "storage" in value && value.storage === "key";
}

function findBucket(lowering: Lowering, map: CheckedMap, value: IrValue): IrValue | undefined {
  const { value: layout } = map.layout;
  if (layout.kind === "hist") return histogramBucket(lowering.builder, value, layout.bits);
  if (layout.kind === "lhist") return linearBucket(lowering.builder, value, layout);
  return undefined;
}

function updateOf(
  lowering: Lowering,
  map: CheckedMap,
  value: IrValue,
  bucket: IrValue | undefined,
): Update {
  const { builder } = lowering;
  const { value: layout, valueSizeBytes } = map.layout;
  switch (layout.kind) {
    case "count":
      return adding(lowering, constant(1));
    case "sum":
      return layout.isCounted === true
        ? addingAndCounting(lowering, value)
        : adding(lowering, value);
    case "avg":
    case "stats":
      return addingAndCounting(lowering, value);
    case "min":
    case "max":
      return {
        change: (place) => {
          keepExtreme(lowering, place, value, layout);
        },
        initial: (place) => {
          storePair(lowering, place, value);
        },
      };
    case "hist":
    case "lhist":
      if (layout.storage === "key") return adding(lowering, constant(1));
      if (bucket === undefined) throw new InternalError(`${map.name} without a bucket`);
      return {
        change: (place) => {
          addToBucket(lowering, place, bucket, layout.bucketCount);
        },
        initial: (place) => {
          builder.zero(place, valueSizeBytes);
          addToBucket(lowering, place, bucket, layout.bucketCount);
        },
      };
    case "plain":
    case "tseries":
      throw new InternalError(`${map.name} is no aggregation`);
    default:
      return assertNever(layout);
  }
}

function adding(lowering: Lowering, value: IrValue): Update {
  return {
    change: (place) => {
      addInPlace(lowering, place, value);
    },
    initial: (place) => {
      lowering.builder.store(place, 8, value);
    },
  };
}

function addingAndCounting(lowering: Lowering, value: IrValue): Update {
  return {
    change: (place) => {
      addInPlace(lowering, place, value);
      addInPlace(lowering, moved(place, 8), constant(1));
    },
    initial: (place) => {
      storePair(lowering, place, value);
    },
  };
}

function addToBucket(
  lowering: Lowering,
  place: Address,
  bucket: IrValue,
  bucketCount: number,
): void {
  const { builder } = lowering;
  const beyond = builder.newLabel("beyond");
  const offset = builder.register();
  builder.move(offset, bucket);
  // Never so: it tells the verifier the bounds.
  builder.jumpIf("ge", offset, constant(bucketCount), beyond);
  const bytes = builder.binary("lsh", offset, constant(3));
  const counter = builder.advance(builder.addressOf(place), bytes);
  addInPlace(lowering, behind(counter), constant(1));
  builder.label(beyond);
}
