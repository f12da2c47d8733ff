import { type Expression } from "../syntax/ast.js";
import { type Span } from "../syntax/span.js";
import { type CheckedExpression } from "./checked-program.js";
import { type Aggregation } from "./map-table.js";
import { type ProbeState } from "./probe-state.js";
import { int64, type IntegerType, uint64 } from "./type.js";

/** An aggregation of a map's, and which entry of it. */
export interface AggregationEntry {
  readonly name: string;
  readonly aggregation: Aggregation;
  readonly keys: readonly CheckedExpression[];
}

/** Of a map that is written alone, what it gathers; `undefined` for all else. */
export function aggregationHeld(
  probe: ProbeState,
  expression: Expression,
): Aggregation | undefined {
  if (expression.kind !== "map") return undefined;
  const contents = probe.program.maps.get(expression.name).contents?.contents;
  return contents?.kind === "aggregation" ? contents.aggregation : undefined;
}

/**
 * What an aggregation has come to on all CPUs, as a number; of stats() a record of its three. Histograms and series have a
 * type that nothing takes.
 */
export function aggregationValue(
  probe: ProbeState,
  { name, aggregation, keys }: AggregationEntry,
  span: Span,
): CheckedExpression | undefined {
  const { maps, target } = probe.program;
  const { kind } = aggregation;
  if (kind === "hist" || kind === "lhist" || kind === "tseries") {
    return { kind: "constant", value: 0n, type: { kind: "aggregation", name: kind }, span };
  }
  if (!target.features.includes("map_lookup_percpu_elem")) {
    const message = `reading the aggregation ${name} needs Linux 5.19, the target has ${target.release}`;
    return probe.error("not-supported", span, message, [`print(${name}) prints it.`]);
  }
  maps.noteRead(name);
  const map = maps.idOf(name);
  const part = (what: "value" | "count" | "total", type: IntegerType): CheckedExpression => {
    return { kind: "aggregationValue", map, keys, part: what, type, span };
  };
  const isSigned = "isSigned" in aggregation && aggregation.isSigned;
  const type = { ...(isSigned ? int64 : uint64), isGathered: true } as const;
  if (kind !== "stats") return part("value", type);
  const elements = [part("count", uint64), part("value", type), part("total", type)];
  const names = ["count", "average", "total"];
  return {
    kind: "tuple",
    elements,
    type: { kind: "tuple", elements: elements.map((each) => each.type), names },
    span,
  };
}
