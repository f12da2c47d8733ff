import { type FormatConversion, type FormatPiece } from "../spec/trace-layout.js";

/** A format string taken apart. */
export interface FormatString {
  readonly pieces: readonly FormatPiece[];
  /** Parallel to the conversions among the pieces: where each stands in the text. */
  readonly conversionSpans: readonly { readonly start: number; readonly end: number }[];
  /** What looks like a conversion, is none, and so stands as it is: "%q". */
  readonly strays: readonly string[];
}

const conversionPattern =
  /%(?<flags>[-+ #0]*)(?<width>[0-9]*)(?:\.(?<precision>[0-9]*))?(?<length>hh|h|ll|l|j|z|t)?(?<conversion>gr|r[xh]?|[diuoxXcspaAeEfFgGn])/y;

/** Takes a printf format apart: literals (with %% undone) and conversions in turn. What is no conversion is text, as in bpftrace. */
export function parseFormatString(format: string): FormatString {
  const pieces: FormatPiece[] = [];
  const conversionSpans: { start: number; end: number }[] = [];
  const strays: string[] = [];
  let literal = "";
  let position = 0;
  while (position < format.length) {
    const percent = format.indexOf("%", position);
    literal += format.slice(position, percent === -1 ? format.length : percent);
    if (percent === -1) break;
    if (format[percent + 1] === "%") {
      literal += "%";
      position = percent + 2;
      continue;
    }
    conversionPattern.lastIndex = percent;
    const match = conversionPattern.exec(format);
    if (match === null) {
      const stray = /^%[\w.*#+-]/.exec(format.slice(percent))?.[0];
      if (stray !== undefined) strays.push(stray);
      literal += "%";
      position = percent + 1;
      continue;
    }
    if (literal !== "") pieces.push(literal);
    literal = "";
    position = percent + match[0].length;
    pieces.push(conversionOf(match.groups ?? {}));
    conversionSpans.push({ start: percent, end: position });
  }
  if (literal !== "") pieces.push(literal);
  return { pieces, conversionSpans, strays };
}

/** Wider than any terminal; bounds what a formatter has to make. */
const maximumWidth = 4096;

function conversionOf(groups: Readonly<Record<string, string | undefined>>): FormatConversion {
  const { flags = "", width = "", precision, length = "", conversion = "" } = groups;
  return {
    flags,
    width: width === "" ? undefined : Math.min(Number(width), maximumWidth),
    precision:
      precision === undefined
        ? undefined
        : precision === ""
          ? 0
          : Math.min(Number(precision), maximumWidth),
    length,
    conversion,
  };
}
