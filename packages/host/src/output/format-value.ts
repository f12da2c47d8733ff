import { type Value } from "./value.js";

/** What stands after a string that did not fit its buffer. */
export const cutMark = "..";

/** A value's text, as print() and `%s` show it. */
export function formatValue(value: Value): string {
  switch (value.kind) {
    case "integer":
      return value.value.toString();
    case "boolean":
      return value.value ? "true" : "false";
    case "pointer":
      return formatAddress(value.value);
    case "string":
      return value.isCut ? value.value + cutMark : value.value;
    case "tuple":
      return `(${value.elements.map(formatValue).join(", ")})`;
    case "symbol":
      return value.name ?? formatAddress(value.address);
    case "text":
      return value.value;
  }
}

/** "0x7f3320b88829". */
export function formatAddress(address: bigint): string {
  return `0x${BigInt.asUintN(64, address).toString(16)}`;
}
