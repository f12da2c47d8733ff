import { type TraceLayout } from "../spec/trace-layout.js";
import { namesFrames, type FieldLayout, type ValueType } from "../spec/value-type.js";

/** Whether anything of a program is shown as a kernel symbol: then the target's symbols are fetched. */
export function showsKernelSymbols(layout: TraceLayout): boolean {
  return anyType(
    layout,
    (type) => type.kind === "ksym" || (type.kind === "stack" && type.space === "kernel"),
  );
}

/** Whether anything of a program is shown as a symbol of a process. */
export function showsUserSymbols(layout: TraceLayout): boolean {
  return anyType(
    layout,
    (type) =>
      type.kind === "usym" ||
      (type.kind === "stack" && type.space === "user" && namesFrames(type.mode)),
  );
}

/** How many frames the stacks are cut to that are shown, each once. */
export function shownStackLimits(layout: TraceLayout): readonly number[] {
  const limits = new Set<number>();
  anyType(layout, (type) => {
    if (type.kind === "stack") limits.add(type.limit);
    return false;
  });
  return [...limits];
}

/** Whether anything is shown as a user's name. */
export function showsUserNames(layout: TraceLayout): boolean {
  return anyType(layout, ({ kind }) => kind === "username");
}

/** Whether anything is shown as a control group's path. */
export function showsControlGroups(layout: TraceLayout): boolean {
  return anyType(layout, ({ kind }) => kind === "controlGroup");
}

/** Whether anything is shown as a time of day that the target's clock tells. */
export function showsTargetTimes(layout: TraceLayout): boolean {
  return anyType(layout, ({ kind }) => kind === "timestamp");
}

function anyType(layout: TraceLayout, isWanted: (type: ValueType) => boolean): boolean {
  const isOf = (type: ValueType): boolean =>
    isWanted(type) ||
    (type.kind === "tuple" && type.elements.some((element) => isOf(element.type)));
  const has = (fields: readonly FieldLayout[]): boolean => fields.some((field) => isOf(field.type));
  return (
    layout.records.some((record) => "fields" in record && has(record.fields)) ||
    layout.maps.some((map) => has(map.keys) || (map.value.kind === "plain" && isOf(map.value.type)))
  );
}
