import { type FormatConversion, type FormatPiece } from "../spec/trace-layout.js";
import { formatAddress } from "./format-address.js";
import { formatAllocationFlags } from "./format-allocation-flags.js";
import { formatBuffer } from "./format-buffer.js";
import { formatValue } from "./format-value.js";
import { cutUtf8, decodeUtf8, encodeUtf8, utf8SizeBytes } from "../text/utf8.js";
import { type Value } from "./value.js";

/** Makes the function that puts values, one for each conversion, into a format. Values that are missing show as "". */
export function createPrintfFormatter(
  format: readonly FormatPiece[],
): (args: readonly Value[]) => string {
  const pieces = format.map((piece) =>
    typeof piece === "string" ? piece : createConversionFormatter(piece),
  );
  return (args) => {
    let text = "";
    let taken = 0;
    for (const piece of pieces) {
      if (typeof piece === "string") {
        text += piece;
        continue;
      }
      const arg = args[taken++];
      if (arg !== undefined) text += piece(arg);
    }
    return text;
  };
}

/** How many bits of a number a conversion takes: C's types, with long of 64 bits whatever the target's is. */
export function conversionBits(conversion: FormatConversion): 8 | 16 | 32 | 64 {
  switch (conversion.length) {
    case "hh":
      return 8;
    case "h":
      return 16;
    case "":
      return 32;
    default:
      return 64;
  }
}

/** Makes the function that formats a value as one conversion of C's printf does ("%-5d", "%#llx", "%.3s", "%rh"). */
export function createConversionFormatter(conversion: FormatConversion): (value: Value) => string {
  const { precision } = conversion;
  switch (conversion.conversion) {
    case "d":
    case "i":
      return orText(conversion, (number) => formatSigned(conversion, number));
    case "u":
    case "o":
    case "x":
    case "X":
      return orText(conversion, (number) => formatUnsigned(conversion, number));
    case "c":
      return orText(conversion, (number) =>
        justify(conversion, decodeUtf8(Uint8Array.of(Number(BigInt.asUintN(8, number))))),
      );
    case "p":
      return orText(conversion, (number) =>
        justify(conversion, number === 0n ? "0" : formatAddress(number)),
      );
    case "gr":
      return orText(conversion, (number) => justify(conversion, formatAllocationFlags(number)));
    case "r":
    case "rx":
    case "rh":
      return (value) => justify(conversion, formatBuffer(valueBytes(value), conversion.conversion));
    default:
      return (value) => {
        const text = formatValue(value);
        return justify(conversion, precision === undefined ? text : cutUtf8(text, precision));
      };
  }
}

/** The number formatter for what has a number; the value's text for what has none. */
function orText(
  conversion: FormatConversion,
  format: (number: bigint) => string,
): (value: Value) => string {
  return (value) => {
    const number = numberOf(value);
    return number === undefined ? justify(conversion, formatValue(value)) : format(number);
  };
}

function numberOf(value: Value): bigint | undefined {
  switch (value.kind) {
    case "integer":
    case "pointer":
      return value.value;
    case "boolean":
      return value.value ? 1n : 0n;
    case "symbol":
      return value.address;
    case "string":
    case "text":
    case "bytes":
    case "tuple":
    case "stack":
    case "array":
    case "record":
      return undefined;
  }
}

function valueBytes(value: Value): Uint8Array {
  if (value.kind === "bytes") return value.bytes;
  return encodeUtf8(
    value.kind === "string" || value.kind === "text" ? value.value : formatValue(value),
  );
}

function formatSigned(conversion: FormatConversion, number: bigint): string {
  const value = BigInt.asIntN(conversionBits(conversion), number);
  const { flags } = conversion;
  const sign = value < 0n ? "-" : flags.includes("+") ? "+" : flags.includes(" ") ? " " : "";
  return formatNumber(conversion, sign, (value < 0n ? -value : value).toString());
}

function formatUnsigned(conversion: FormatConversion, number: bigint): string {
  const value = BigInt.asUintN(conversionBits(conversion), number);
  const isAlternate = conversion.flags.includes("#") && value !== 0n;
  switch (conversion.conversion) {
    case "o": {
      const digits = value.toString(8);
      return formatNumber(conversion, "", isAlternate ? `0${digits}` : digits);
    }
    case "x":
      return formatNumber(conversion, isAlternate ? "0x" : "", value.toString(16));
    case "X":
      return formatNumber(conversion, isAlternate ? "0X" : "", value.toString(16).toUpperCase());
    default:
      return formatNumber(conversion, "", value.toString());
  }
}

function formatNumber(conversion: FormatConversion, prefix: string, digits: string): string {
  const { flags, precision, width } = conversion;
  if (precision !== undefined) {
    const shown = precision === 0 && digits === "0" ? "" : digits.padStart(precision, "0");
    return justify(conversion, prefix + shown);
  }
  if (flags.includes("0") && !flags.includes("-")) {
    return prefix + digits.padStart((width ?? 0) - prefix.length, "0");
  }
  return justify(conversion, prefix + digits);
}

/** Pads to the width, which counts bytes as C's does. */
function justify(conversion: FormatConversion, text: string): string {
  const { width } = conversion;
  if (width === undefined) return text;
  const missing = width - utf8SizeBytes(text);
  if (missing <= 0) return text;
  const padding = " ".repeat(missing);
  return conversion.flags.includes("-") ? text + padding : padding + text;
}
