import { formatAddress } from "./format-address.js";
import { formatBuffer } from "./format-buffer.js";
import { formatStack } from "./format-stack.js";
import { type Value } from "./value.js";

/** What stands after a string that did not fit its buffer. */
export const cutMark = "..";

/** How far stacks are moved in: as names of JSON's members not at all. */
const indents = { value: 8, name: 0 } as const;

/** A value's text, as print() and `%s` show it, or as a part of a member's name. */
export function formatValue(value: Value, place: keyof typeof indents = "value"): string {
  switch (value.kind) {
    case "integer":
      return value.name ?? value.value.toString();
    case "boolean":
      return value.value ? "true" : "false";
    case "pointer":
      return formatAddress(value.value);
    case "string":
      return value.isCut ? value.value + (value.cutMark ?? cutMark) : value.value;
    case "tuple":
      return `(${value.elements.map((element) => formatValue(element, place)).join(place === "name" ? "," : ", ")})`;
    case "array":
      return `[${value.elements.map((element) => formatValue(element, place)).join(",")}]`;
    case "record": {
      const fields = value.fields.map(
        (field) => `.${field.name} = ${formatValue(field.value, place)}`,
      );
      return fields.length === 0 ? "{}" : `{ ${fields.join(", ")} }`;
    }
    case "symbol":
      return value.name ?? (value.address === 0n ? "0" : formatAddress(value.address));
    case "stack":
      return formatStack(value, indents[place]);
    case "bytes":
      return formatBuffer(value.bytes, "r");
    case "text":
      return value.value;
  }
}
