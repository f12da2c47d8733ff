import { formatHistogram } from "./format-histogram.js";
import { formatSeries } from "./format-series.js";
import { formatValue } from "./format-value.js";
import { type MapEvent } from "./trace-writer.js";
import { type MapValue, type Value } from "./value.js";

/** A map as print() shows it: a line for each entry, "@name[key, key]: value"; nothing when it is empty. */
export function formatMap({ name, entries }: MapEvent): string {
  return entries
    .map(({ key, value }) => {
      const title = key.length === 0 ? name : `${name}[${formatKey(key, ", ")}]`;
      if (value.kind === "histogram") return `${title}:\n${formatHistogram(value)}\n`;
      if (value.kind === "series") return `${title}:\n${formatSeries(value)}`;
      return `${title}: ${formatMapValue(value)}\n`;
    })
    .join("");
}

/** A key's parts; of a key that is one tuple, the tuple's. */
export function formatKey(
  key: readonly Value[],
  separator: string,
  place: "value" | "name" = "value",
): string {
  const [only] = key;
  const parts = key.length === 1 && only?.kind === "tuple" ? only.elements : key;
  return parts.map((part) => formatValue(part, place)).join(separator);
}

function formatMapValue(
  value: Exclude<MapValue, { readonly kind: "histogram" | "series" }>,
): string {
  switch (value.kind) {
    case "plain":
      return formatValue(value.value);
    case "number":
      return value.value.toString();
    case "average":
      return value.average.toString();
    case "statistics":
      return `{ .count = ${value.count}, .average = ${value.average}, .total = ${value.total} }`;
  }
}
