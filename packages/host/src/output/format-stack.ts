import { formatAddress } from "./format-address.js";
import { type Frame, type Value } from "./value.js";

type Stack = Extract<Value, { readonly kind: "stack" }>;

/** A line for each frame, and one before them: "\n    name+offset\n". Nothing for an empty stack. */
export function formatStack({ frames, mode, space }: Stack, indent: number): string {
  if (frames.length === 0) return "";
  const lines = frames.map((frame) => {
    switch (mode) {
      case "bpftrace":
        return " ".repeat(indent) + formatFrame(frame) + formatSource(frame);
      case "perf":
        return `\t${formatDigits(frame)} ${formatFrame(frame)}${space === "user" ? formatFile(frame) : ""}`;
      case "raw":
        return formatDigits(frame);
      case "build_id":
        return frame.buildId === undefined
          ? formatDigits(frame)
          : `${frame.buildId} 0x${formatDigits(frame)}`;
    }
  });
  return `\n${lines.join("\n")}\n`;
}

/** "vfs_read+42", or the address when it lies in no symbol. */
function formatFrame({ address, symbol }: Frame): string {
  return symbol === undefined ? formatAddress(address) : `${symbol.name}+${symbol.offset}`;
}

/** "@/src/main.c:42", where lines are shown and known. */
export function formatSource({ symbol }: Frame): string {
  return symbol?.source === undefined ? "" : `@${symbol.source.path}:${symbol.source.line}`;
}

/** " (/usr/lib/libc.so.6)". */
function formatFile({ symbol }: Frame): string {
  return ` (${symbol?.file ?? "[unknown]"})`;
}

function formatDigits({ address }: Frame): string {
  return address.toString(16);
}
