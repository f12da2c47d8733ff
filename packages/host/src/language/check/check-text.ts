import { utf8SizeBytes } from "../../text/utf8.js";
import { type Span } from "../syntax/span.js";
import { type CheckedExpressionOf } from "./checked-program.js";
import { stringConstant } from "./constant.js";
import { type ProbeState } from "./probe-state.js";

/** A string that is written out; reports one that is longer than strings may be. */
export function checkText(
  probe: ProbeState,
  value: string,
  span: Span,
): CheckedExpressionOf<"stringConstant"> | undefined {
  const { recordStringBytes } = probe.program.config;
  const text = stringConstant(value, span);
  const most = recordStringBytes - 1;
  // As in bpftrace, a limit of 0 is none for what is written out.
  if (most === 0 || utf8SizeBytes(text.value) <= most) return text;
  const message = `String is too long (over ${most} bytes): ${text.value}`;
  return probe.error("bad-value", span, message, [
    "config = { max_strlen = N } allows longer ones.",
  ]);
}
