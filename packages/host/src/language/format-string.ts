import { type FormatConversion, type FormatPiece } from "../spec/trace-layout.js";

/** A format string taken apart. */
export interface FormatString {
  readonly pieces: readonly FormatPiece[];
  /** Parallel to the conversions among the pieces: where each stands in the text. */
  readonly conversionSpans: readonly { readonly start: number; readonly end: number }[];
  /** The first thing that is no conversion; `undefined` when all are. */
  readonly fault:
    { readonly message: string; readonly start: number; readonly end: number } | undefined;
}

const conversionPattern =
  /%(?<flags>[-+ #0]*)(?<width>[0-9]*)(?:\.(?<precision>[0-9]*))?(?<length>hh|h|ll|l|j|z|t)?(?<conversion>r[xh]?|[diuoxXcsp])/y;

/** Takes a printf format apart: literals (with %% undone) and conversions in turn. A % before a space, a newline or the end is one. */
export function parseFormatString(format: string): FormatString {
  const pieces: FormatPiece[] = [];
  const conversionSpans: { start: number; end: number }[] = [];
  let fault: FormatString["fault"];
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
    if (match === null && isAlone(format[percent + 1])) {
      literal += "%";
      position = percent + 1;
      continue;
    }
    if (match === null) {
      const end = Math.min(percent + 2, format.length);
      const text = format.slice(percent, end);
      fault ??= { message: `${JSON.stringify(text)} is no conversion`, start: percent, end };
      literal += text;
      position = end;
      continue;
    }
    if (literal !== "") pieces.push(literal);
    literal = "";
    position = percent + match[0].length;
    pieces.push(conversionOf(match.groups ?? {}));
    conversionSpans.push({ start: percent, end: position });
  }
  if (literal !== "") pieces.push(literal);
  return { pieces, conversionSpans, fault };
}

/** Whether a % with this behind it was never meant as a conversion: "100%\n". */
function isAlone(next: string | undefined): boolean {
  return next === undefined || !/[\w.*#+-]/.test(next);
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
