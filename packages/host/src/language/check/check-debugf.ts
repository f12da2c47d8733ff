import { type FormatConversion } from "../../spec/trace-layout.js";
import { type ExpressionOf } from "../syntax/ast.js";
import { type Span } from "../syntax/span.js";
import { checkFormat, type CheckedFormat } from "./check-format.js";
import { type CheckedExpression, type CheckedStatement } from "./checked-program.js";
import { convert } from "./coerce.js";
import { type ProbeState } from "./probe-state.js";
import { describeType, type IntegerType } from "./type.js";

type Debug = Extract<CheckedStatement, { readonly kind: "debug" }>;

/** bpf_trace_printk() takes so many (MAX_TRACE_PRINTK_VARARGS), and before 5.13 one string among them. */
const oldLimits = { values: 3, strings: 1 };
/** MAX_BPRINTF_VARARGS (include/linux/bpf.h). */
const mostValues = 12;

/**
 * `debugf("format", …)`: a line into the kernel's own trace_pipe; `printf()` in a pinned iterator: text for who reads its file.
 * The kernel formats, so what can be in a format is what it understands: it takes nothing of one that it does not, and says so
 * to nobody.
 */
export function checkDebugf(
  probe: ProbeState,
  call: ExpressionOf<"call">,
  into: Debug["into"] = "trace_pipe",
): Debug | undefined {
  const format = checkFormat(probe, call, probe.storedRoom());
  if (format === undefined) return undefined;
  // bpf_seq_printf() has always taken as much as bpf_trace_vprintk() takes.
  const isNew = into === "iterator" || probe.program.target.features.includes("trace_vprintk");
  const limits = isNew ? { values: mostValues, strings: mostValues } : oldLimits;
  const { values } = format;
  const strings = values.filter(({ type }) => type.kind === "string");
  if (values.length > limits.values || strings.length > limits.strings) {
    const message = `${call.name}: too much for this kernel: it takes ${limits.values} values`;
    const among = isNew ? "" : `, ${limits.strings} string among them`;
    return probe.error("format", call.span, `${message}${among}`, [
      "printf() takes more. Kernels since 5.16 take 12.",
    ]);
  }
  const translated = translate(probe, call, format, isNew);
  if (translated === undefined) return undefined;
  const text = into === "iterator" ? translated : asLine(translated, isNew);
  const conversions = format.pieces.filter((piece) => typeof piece !== "string");
  return {
    kind: "debug",
    into,
    format: text,
    values: values.map((value, index) => fitted(value, conversions[index])),
    span: call.span,
  };
}

/** The format in the words of the kernel's bpf_bprintf_prepare(), or of what was before it in 5.13. */
function translate(
  probe: ProbeState,
  call: ExpressionOf<"call">,
  { pieces, values, spans }: CheckedFormat,
  isNew: boolean,
): string | undefined {
  let text = "";
  let index = 0;
  for (const piece of pieces) {
    if (typeof piece === "string") {
      if (!/^[\t-\r -~]*$/.test(piece)) {
        return probe.error(
          "format",
          call.span,
          `${call.name}: the kernel takes formats of ASCII only`,
        );
      }
      if (!isNew && piece.includes("%")) return onlyOnNew(probe, call.span, "%%");
      text += piece.replaceAll("%", "%%");
      continue;
    }
    const span = spans[index] ?? call.span;
    const value = values[index];
    index += 1;
    if (value === undefined) return undefined;
    const conversion = translateConversion(probe, piece, value, { span, isNew, name: call.name });
    if (conversion === undefined) return undefined;
    text += conversion;
  }
  return text;
}

/** A line each, as a kernel since 5.9 makes of it by itself; those since 5.16 do so surely. */
function asLine(text: string, isNew: boolean): string {
  const line = text.replace(/\n$/, "");
  return isNew ? line : `${line}\n`;
}

function translateConversion(
  probe: ProbeState,
  { conversion, flags, width, precision }: FormatConversion,
  { type }: CheckedExpression,
  { span, isNew, name }: { readonly span: Span; readonly isNew: boolean; readonly name: string },
): string | undefined {
  const hints = name === "debugf" ? ["printf() does."] : [];
  const fault = (what: string): undefined =>
    probe.error("format", span, `${name}: the kernel knows no ${what}`, hints);
  if (precision !== undefined) return fault("precision");
  if (conversion === "o" || conversion.startsWith("r")) return fault(`%${conversion}`);
  if (conversion === "s" && type.kind !== "string") {
    const what = type.kind === "name" ? "name of a probe" : describeType(type);
    return fault(`${what} as text`);
  }
  // "0x" is written out: of flags the kernel knows 0, + and -, and its %p hides addresses.
  const isPrefixed = conversion === "p" || flags.includes("#");
  if (isPrefixed && width !== undefined) return fault("width of an address");
  const plainFlags = flags.replaceAll("#", "");
  const isPlain = plainFlags === "" && width === undefined && !["X", "c"].includes(conversion);
  if (!isPlain && !isNew) return onlyOnNew(probe, span, "width, flags, %X and %c");
  const kernels = kernelConversions[conversion] ?? conversion;
  return `${isPrefixed ? "0x" : ""}%${plainFlags}${width ?? ""}${kernels}`;
}

/** Numbers are passed in 64 bits. */
const kernelConversions: Readonly<Record<string, string>> = {
  d: "lld",
  i: "lld",
  u: "llu",
  x: "llx",
  X: "llX",
  p: "llx",
};

function onlyOnNew(probe: ProbeState, span: Span, what: string): undefined {
  const message = `debugf: this kernel knows no ${what} (they came with 5.13)`;
  return probe.error("format", span, message, ["printf() does."]);
}

/** Numbers are cut to what the conversion takes, as printf() has it. */
function fitted(
  value: CheckedExpression,
  conversion: FormatConversion | undefined,
): CheckedExpression {
  if (conversion === undefined || ["s", "p"].includes(conversion.conversion)) return value;
  const isSigned = conversion.conversion === "d" || conversion.conversion === "i";
  return convert(value, { kind: "integer", sizeBytes: sizeOf(conversion), isSigned });
}

/** C's types, with long of 64 bits whatever the target's is. */
function sizeOf({ length }: FormatConversion): IntegerType["sizeBytes"] {
  switch (length) {
    case "hh":
      return 1;
    case "h":
      return 2;
    case "":
      return 4;
    default:
      return 8;
  }
}
