import { type MapValueLayout } from "../spec/trace-layout.js";
import { formatValue } from "./format-value.js";
import { compareUtf8 } from "../text/utf8.js";
import { type MapEntry, type MapValue, type Value } from "./value.js";

/**
 * Puts entries in the order in which they are printed: integers and aggregations by rising value (averages by the average,
 * histograms by how much they count), all others by key. Entries of the same value are in the order of their keys.
 */
export function sortEntries(entries: readonly MapEntry[], layout: MapValueLayout): MapEntry[] {
  const isByValue = layout.kind !== "plain" || layout.type.kind === "integer";
  if (!isByValue) return entries.toSorted((a, b) => compareKeys(a.key, b.key));
  // Least and greatest values are put in order as if they had no sign, as by bpftrace.
  const isExtreme = layout.kind === "min" || layout.kind === "max";
  return entries
    .map((entry) => ({
      entry,
      rank: isExtreme ? unsigned(rankOf(entry.value)) : rankOf(entry.value),
    }))
    .sort((a, b) => {
      const order = compareNumbers(a.rank, b.rank);
      return order === 0 ? compareKeys(a.entry.key, b.entry.key) : order;
    })
    .map(({ entry }) => entry);
}

/** Divides a value's numbers as print(@map, top, divisor) does: averages without their totals, no linear histograms. */
export function divideValue(value: MapValue, divisor: bigint): MapValue {
  switch (value.kind) {
    case "plain":
      return value.value.kind === "integer"
        ? { kind: "plain", value: { ...value.value, value: value.value.value / divisor } }
        : value;
    case "number":
      return { kind: "number", value: value.value / divisor };
    case "average":
    case "statistics":
      return { ...value, average: value.average / divisor };
    case "series":
      return value;
    case "histogram":
      if (value.isLinear) return value;
      return {
        ...value,
        buckets: value.buckets.map((one) => ({ ...one, count: one.count / divisor })),
      };
  }
}

function rankOf(value: MapValue): bigint {
  switch (value.kind) {
    case "plain":
      return numberOf(value.value);
    case "number":
      return value.value;
    case "average":
    case "statistics":
      return value.average;
    case "series":
      return 0n;
    case "histogram":
      return value.buckets.reduce((total, bucket) => total + bucket.count, 0n);
  }
}

function unsigned(value: bigint): bigint {
  return BigInt.asUintN(64, value);
}

function numberOf(value: Value): bigint {
  if (value.kind === "integer" || value.kind === "pointer") return value.value;
  return value.kind === "boolean" && value.value ? 1n : 0n;
}

function compareKeys(left: readonly Value[], right: readonly Value[]): number {
  for (const [at, a] of left.entries()) {
    const b = right[at];
    if (b === undefined) return 1;
    const order = compareValues(a, b);
    if (order !== 0) return order;
  }
  return left.length - right.length;
}

function compareValues(a: Value, b: Value): number {
  if (a.kind === "tuple" && b.kind === "tuple") return compareKeys(a.elements, b.elements);
  const isNumber = a.kind === "integer" || a.kind === "pointer" || a.kind === "boolean";
  if (isNumber && a.kind === b.kind) return compareNumbers(numberOf(a), numberOf(b));
  return compareUtf8(formatValue(a), formatValue(b));
}

function compareNumbers(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
