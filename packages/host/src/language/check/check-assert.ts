import { type ExpressionOf } from "../syntax/ast.js";
import { formatPlace } from "../syntax/span.js";
import { requireArguments, requireText } from "./call-arguments.js";
import { checkCondition } from "./check-condition.js";
import { checkFormat } from "./check-format.js";
import { type CheckedExpression, type CheckedStatement } from "./checked-program.js";
import { type ProbeState } from "./probe-state.js";
import { layOutRecord } from "./record-table.js";
import { uint32 } from "./type.js";
import { type FormatConversion } from "../../spec/trace-layout.js";

type Call = ExpressionOf<"call">;

/** `assert(condition, "text")`, `static_assert(…)`, `fail("text %d", 1)`. */
export function checkAssertion(
  probe: ProbeState,
  call: Call,
): CheckedStatement | readonly CheckedStatement[] | undefined {
  if (call.name === "fail") {
    const text = failText(probe, call);
    return text === undefined ? undefined : probe.error("bad-value", call.span, text);
  }
  const [argument] = call.args;
  if (!requireArguments(probe, call, 2) || argument === undefined) return undefined;
  const text = requireText(probe, call, 1);
  const condition = checkCondition(probe, argument);
  if (text === undefined || condition === undefined) return undefined;
  const { span } = call;
  if (call.name === "static_assert") {
    if (condition.kind === "constant") {
      return condition.value === 0n ? probe.error("bad-value", span, text) : [];
    }
    const message = "static_assert() takes what is known when the program is compiled";
    return probe.error("argument-type", argument.span, message, ["assert() looks when it runs."]);
  }
  const { records, source, sourceName } = probe.program;
  const place = formatPlace(source, span);
  const told = records.add({
    kind: "message",
    level: "ERROR",
    place: `${sourceName}:${place}`,
    format: [`assert failed: ${text}`],
    ...layOutRecord([]),
  });
  const exit = records.add({ kind: "exit", ...layOutRecord([uint32]) });
  return {
    kind: "if",
    condition,
    then: [],
    otherwise: [
      { kind: "record", record: told, values: [], list: undefined, isControl: true, span },
      {
        kind: "record",
        record: exit,
        values: [{ kind: "constant", value: 1n, type: uint32, span }],
        list: undefined,
        isControl: true,
        span,
      },
    ],
    span,
  };
}

/** What fail() says: its format with the literals that stand behind it. */
function failText(probe: ProbeState, call: Call): string | undefined {
  const format = checkFormat(probe, call, probe.storedRoom());
  if (format === undefined) return undefined;
  const values = format.values.values();
  const texts = format.pieces.map((piece) => {
    if (typeof piece === "string") return piece;
    const next = values.next();
    return next.done === true ? undefined : literalText(piece, next.value);
  });
  if (!texts.includes(undefined)) return texts.join("");
  return probe.error("argument-type", call.span, "fail() arguments need to be literals");
}

function literalText(
  { conversion }: FormatConversion,
  value: CheckedExpression,
): string | undefined {
  if (value.kind === "stringConstant") return value.value;
  if (value.kind !== "constant") return undefined;
  if (value.type.kind === "boolean") return String(value.value !== 0n);
  const radix = { x: 16, X: 16, p: 16, o: 8 }[conversion] ?? 10;
  const text = (radix === 10 ? value.value : BigInt.asUintN(64, value.value)).toString(radix);
  return conversion === "X" ? text.toUpperCase() : text;
}
