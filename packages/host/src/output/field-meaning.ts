import { type ValueType } from "../spec/value-type.js";
import { type DecodeContext } from "./decode-context.js";
import { createTimeFormatter } from "./strftime.js";
import { type Value } from "./value.js";

/** What a number stands for, which its type does not say. */
export type FieldMeaning = "time" | "time_us" | "symbol" | "ip" | "hex" | "number";
export const fieldMeanings: readonly FieldMeaning[] = [
  "time",
  "time_us",
  "symbol",
  "ip",
  "hex",
  "number",
];

/** Names that programs give to what bpf_ktime_get_ns() told them, to addresses of code, and to those of the internet. */
const timeName = /^(ts|tstamp|timestamp|time|ktime|start_ts|end_ts)(_ns)?$|^(timestamp|ktime)_ns$/;
const microsecondName = /^(ts|timestamp|time)_us$/;
const symbolName = /^(k?ip|pc|caller|call_?site|func(tion)?(_addr)?|fn|handler|callback)$|_ip$/;
const internetName = /^(s|d|src_?|dst_?|l|r|local_|remote_)?(ip|addr|address)(_?v?[46])?$/;

/** What a field most likely stands for, by its name and type. */
export function meaningOf(name: string, type: ValueType): FieldMeaning {
  const whole = type.kind === "array" ? type.element : type;
  if (whole.kind !== "integer" || whole.names !== undefined) return "number";
  if (type.kind === "array") {
    const isAddress = type.elementSizeBytes === 1 && [4, 16].includes(type.length);
    if (isAddress) return internetName.test(name) ? "ip" : "number";
    return whole.sizeBytes === 8 && symbolName.test(name) ? "symbol" : "number";
  }
  if (whole.sizeBytes === 4) return internetName.test(name) ? "ip" : "number";
  if (whole.sizeBytes !== 8) return "number";
  if (timeName.test(name)) return "time";
  if (microsecondName.test(name)) return "time_us";
  return symbolName.test(name) ? "symbol" : "number";
}

/** Makes what turns a value into what it stands for. */
export function createInterpreter(
  meaning: FieldMeaning,
  context: DecodeContext,
): (value: Value) => Value {
  switch (meaning) {
    case "number":
      return (value) => value;
    case "hex":
      return eachNumber((value) => ({ kind: "pointer", value }));
    case "symbol":
      return eachNumber((address) => {
        const symbol = context.resolveKernelSymbol(address);
        if (symbol === undefined) return { kind: "pointer", value: address };
        return { kind: "symbol", address, name: symbol.name, offset: symbol.offset };
      });
    case "time":
    case "time_us":
      return createTimeReader(meaning === "time" ? 1n : 1000n, context);
    case "ip":
      return (value) => {
        const text = formatInternetAddress(value, context.byteOrder);
        return text === undefined ? value : { kind: "text", value: text };
      };
  }
}

function eachNumber(change: (value: bigint) => Value): (value: Value) => Value {
  const each = (value: Value): Value => {
    if (value.kind === "array") return { kind: "array", elements: value.elements.map(each) };
    return value.kind === "integer" || value.kind === "pointer" ? change(value.value) : value;
  };
  return each;
}

/** Of the monotonic clock, which is what programs read; 0 is no time. */
function createTimeReader(unit: bigint, context: DecodeContext): (value: Value) => Value {
  const format = createTimeFormatter("%H:%M:%S.%f", context.timeZone);
  return (value) => {
    if (value.kind !== "integer" || value.value === 0n) return value;
    const time = value.value * unit + context.realtimeMinusMonotonic;
    return { kind: "text", value: format(time) };
  };
}

/** "192.0.2.1" of four bytes as they go over the net, "2001:db8::1" of sixteen; undefined for anything else. */
function formatInternetAddress(value: Value, byteOrder: "little" | "big"): string | undefined {
  if (value.kind === "integer" && value.sizeBytes === 4) {
    const number = Number(BigInt.asUintN(32, value.value));
    const bytes = [24, 16, 8, 0].map((shift) => (number >>> shift) & 0xff);
    return (byteOrder === "little" ? bytes.reverse() : bytes).join(".");
  }
  if (value.kind !== "array") return undefined;
  const bytes = value.elements.map((one) => (one.kind === "integer" ? Number(one.value) : 0));
  if (bytes.length === 4) return bytes.join(".");
  if (bytes.length !== 16) return undefined;
  const groups = Array.from(
    { length: 8 },
    (_, at) => ((bytes[2 * at] ?? 0) << 8) | (bytes[2 * at + 1] ?? 0),
  );
  return compressZeros(groups);
}

/** The longest run of zeros becomes "::" (RFC 5952). */
function compressZeros(groups: readonly number[]): string {
  let [best, bestLength] = [0, 1];
  for (let start = 0; start < groups.length; start++) {
    let length = 0;
    while (groups[start + length] === 0) length++;
    if (length > bestLength) [best, bestLength] = [start, length];
  }
  const hex = groups.map((group) => group.toString(16));
  if (bestLength < 2) return hex.join(":");
  return `${hex.slice(0, best).join(":")}::${hex.slice(best + bestLength).join(":")}`;
}
