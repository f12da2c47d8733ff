import { type ExpressionOf } from "../syntax/ast.js";
import { formatPlace } from "../syntax/span.js";
import { requireArguments, requireText } from "./call-arguments.js";
import { checkCondition } from "./check-condition.js";
import { type CheckedStatement } from "./checked-program.js";
import { type ProbeState } from "./probe-state.js";
import { layOutRecord } from "./record-table.js";
import { uint32 } from "./type.js";

type Call = ExpressionOf<"call">;

/** `assert(condition, "text")`, `static_assert(…)`, `fail("text")`. */
export function checkAssertion(
  probe: ProbeState,
  call: Call,
): CheckedStatement | readonly CheckedStatement[] | undefined {
  if (call.name === "fail") {
    const text = requireText(probe, call, 0);
    return text === undefined ? undefined : probe.error("bad-value", call.span, text);
  }
  const [argument] = call.args;
  if (!requireArguments(probe, call, 1, 2) || argument === undefined) return undefined;
  const text = call.args.length > 1 ? requireText(probe, call, 1) : "assertion failed";
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
