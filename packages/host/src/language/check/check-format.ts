import { type FormatPiece } from "../../spec/trace-layout.js";
import { parseFormatString } from "../format-string.js";
import { type Expression, type ExpressionOf } from "../syntax/ast.js";
import { type Span } from "../syntax/span.js";
import { readStringLiteral } from "../syntax/string-literal.js";
import { aggregationHeld } from "./aggregation-value.js";
import { requireArguments } from "./call-arguments.js";
import { type CheckedExpression } from "./checked-program.js";
import { convert } from "./coerce.js";
import { type Aggregation } from "./map-table.js";
import { type ProbeState, type StringRoom } from "./probe-state.js";
import { describeKind, describeType, isNumber, type Type } from "./type.js";

/** A format and what goes into it. */
export interface CheckedFormat {
  readonly pieces: readonly FormatPiece[];
  /** Parallel to the conversions among the pieces, as are their places in the source. */
  readonly values: readonly CheckedExpression[];
  readonly spans: readonly Span[];
}

/** The arguments of printf() and its like: a literal format, and a value of the right type for each conversion in it. */
export function checkFormat(
  probe: ProbeState,
  call: ExpressionOf<"call">,
  room: StringRoom,
): CheckedFormat | undefined {
  const [format, ...rest] = call.args;
  if (!requireArguments(probe, call, 1, Infinity) || format === undefined) return undefined;
  const { name } = call;
  if (format.kind !== "string") {
    const value = probe.check(format);
    if (value === undefined) return undefined;
    const message = `${name}() expects a string literal (${describeKind(value.type)} provided)`;
    return probe.error("argument-type", call.span, message);
  }
  const values = requireValues(probe, rest, room);
  const { pieces, conversionSpans, strays } = parseFormatString(format.value);
  const spans = conversionSpans.map((span) => spanInLiteral(probe, format, span));
  if (values === undefined) return undefined;
  if (values.length !== spans.length) {
    const few = values.length < spans.length ? "not enough" : "too many";
    const message = `${few} arguments for format string (${values.length} supplied, ${spans.length} expected)`;
    const hints = strays.map((text) => `${JSON.stringify(text)} is no conversion.`);
    return probe.error("format", call.span, message, hints);
  }
  const conversions = pieces.filter((piece) => typeof piece !== "string");
  const isGood = conversions.map(({ conversion }, index) => {
    const [value, written] = [values[index], rest[index]];
    if (value === undefined || written === undefined) return false;
    const held = aggregationHeld(probe, written);
    const isTaken = held === undefined ? takes(conversion, value.type) : conversion === "s";
    if (isTaken) return true;
    if (/^[aefgn]$/i.test(conversion)) {
      const hint = "There are no floating point numbers here: %d prints integers.";
      probe.error("format", call.span, `unsupported format specifier: ${conversion}`, [hint]);
      return false;
    }
    const type = held === undefined ? describeType(value.type) : `${held.kind}_t`;
    const message = `unsupported format specifier for type '${type}': ${conversion}`;
    probe.error("format", call.span, message, hintsFor(conversion, value.type, held));
    return false;
  });
  return isGood.includes(false) ? undefined : { pieces, values, spans };
}

/** Checks expressions, each of which must have a value. */
export function requireValues(
  probe: ProbeState,
  expressions: readonly Expression[],
  room: StringRoom,
): CheckedExpression[] | undefined {
  const values = probe.checkAll(expressions, room);
  if (values === undefined) return undefined;
  for (const value of values) {
    if (value.type.kind !== "none") continue;
    return probe.error("argument-type", value.span, "this has no value");
  }
  return values.map(asShown);
}

/** `~x` is shown without a sign, in as many bits as x has, where these are less than 64; calculations have all 64 of it. */
function asShown(value: CheckedExpression): CheckedExpression {
  if (value.kind !== "complement" || value.operand.type.kind !== "integer") return value;
  const { sizeBytes } = value.operand.type;
  return sizeBytes === 8
    ? value
    : convert(value, { kind: "integer", sizeBytes, isSigned: false }, value.span);
}

/** Where a piece of a literal's value stands in the source. */
function spanInLiteral(
  probe: ProbeState,
  literal: ExpressionOf<"string">,
  piece: { readonly start: number; readonly end: number },
): Span {
  const { source } = probe.program;
  // The span of a literal in parentheses begins before its quote.
  const quote = source.indexOf('"', literal.span.start);
  const { offsets } = readStringLiteral(source, quote);
  return {
    start: offsets[piece.start] ?? literal.span.start,
    end: offsets[piece.end] ?? literal.span.end,
  };
}

function takes(conversion: string, type: Type): boolean {
  if (type.kind === "aggregation") return false;
  if (conversion.startsWith("r")) return type.kind === "bytes" && type.shows === "buffer";
  return conversion === "s" || (/^([diuoxXcp]|gr)$/.test(conversion) && isNumber(type));
}

function hintsFor(conversion: string, type: Type, held: Aggregation | undefined): string[] {
  if (conversion.startsWith("r")) return ["buf(p, n) makes one."];
  if (held !== undefined && isNumber(type)) return ["Cast it, (int64)@x, or print it with %s."];
  if (type.kind === "tuple") return ["print(…) prints tuples."];
  if (type.kind === "aggregation") return ["print(@m) prints all of a map."];
  return ["Print it with %s."];
}
