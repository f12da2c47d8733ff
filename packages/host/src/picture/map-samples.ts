import { formatValue } from "../output/format-value.js";
import { type MapEvent } from "../output/trace-writer.js";
import { type MapEntry, type MapValue, type Value } from "../output/value.js";
import { labelFrame, pictureFrames, type StackValue } from "./picture-frames.js";
import { type StackSample } from "./stack-picture.js";

/** Whether a map has stacks in its keys and something that adds up as values. */
export function isStackMap({ entries }: MapEvent): boolean {
  const [first] = entries;
  if (first === undefined) return false;
  return first.key.flatMap(flatten).some(isStack) && weightOf(first.value) !== undefined;
}

/**
 * The stacks that a map of the user's own has in its keys. What else is in the key groups them; a process's stack is below
 * the kernel's, since it called the kernel.
 */
export function mapSamples({ entries }: MapEvent): readonly StackSample[] {
  return entries.flatMap((entry) => {
    const weight = weightOf(entry.value);
    return weight === undefined ? [] : [{ frames: framesOf(entry), weight }];
  });
}

function framesOf({ key }: MapEntry): StackSample["frames"] {
  const parts = key.flatMap(flatten);
  const labels = parts.filter((part) => !isStack(part));
  const stacks = parts.filter(isStack);
  return [
    ...labels.map((label) => labelFrame(formatValue(label, "name"))),
    ...stacks.filter(({ space }) => space === "user").flatMap(pictureFrames),
    ...stacks.filter(({ space }) => space === "kernel").flatMap(pictureFrames),
  ];
}

function isStack(value: Value): value is StackValue {
  return value.kind === "stack";
}

function flatten(value: Value): readonly Value[] {
  if (value.kind === "tuple") return value.elements.flatMap(flatten);
  return value.kind === "record" ? value.fields.flatMap((field) => flatten(field.value)) : [value];
}

/** Undefined for what does not add up. */
function weightOf(value: MapValue): bigint | undefined {
  switch (value.kind) {
    case "number":
      return value.value;
    case "average":
    case "statistics":
      return value.total;
    case "histogram":
      return value.buckets.reduce((sum, { count }) => sum + count, 0n);
    case "series":
      return undefined;
    case "plain":
      return value.value.kind === "integer" ? value.value.value : undefined;
  }
}
