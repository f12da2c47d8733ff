import { type TraceLayout } from "../spec/trace-layout.js";
import { type FieldLayout, type ValueType } from "../spec/value-type.js";

/** Whether anything of a program is shown as a kernel symbol: then the target's symbols are fetched. */
export function showsKernelSymbols(layout: TraceLayout): boolean {
  return anyType(layout, "ksym");
}

/** Whether anything is shown as a user's name. */
export function showsUserNames(layout: TraceLayout): boolean {
  return anyType(layout, "username");
}

/** Whether anything is shown as a time of day that the target's clock tells. */
export function showsTargetTimes(layout: TraceLayout): boolean {
  return anyType(layout, "timestamp");
}

function anyType(layout: TraceLayout, kind: ValueType["kind"]): boolean {
  const isOf = (type: ValueType): boolean =>
    type.kind === kind ||
    (type.kind === "tuple" && type.elements.some((element) => isOf(element.type)));
  const has = (fields: readonly FieldLayout[]): boolean => fields.some((field) => isOf(field.type));
  return (
    layout.records.some((record) => "fields" in record && has(record.fields)) ||
    layout.maps.some((map) => has(map.keys) || (map.value.kind === "plain" && isOf(map.value.type)))
  );
}
