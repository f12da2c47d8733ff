import { type IrValue } from "../ir.js";
import { type Span } from "../syntax/span.js";
import { type Lowering } from "./lowering.js";
import { constant } from "./program-builder.js";

/** Tells of an entry that is not there, when the program is asked to: -k. */
export function warnOfAbsence(lowering: Lowering, span: Span): void {
  if (lowering.program.warnings?.tellsOfReads !== true) return;
  lowering.warn(span, { kind: "lookup" }, constant(0));
}

/** The same where a helper that reads memory gives a negative number. */
export function warnOfFailedRead(
  lowering: Lowering,
  span: Span,
  helper: string,
  result: IrValue,
): void {
  if (lowering.program.warnings?.tellsOfReads !== true) return;
  const { builder } = lowering;
  const failed = builder.newLabel("unreadable");
  const end = builder.newLabel("read");
  builder.jumpIf("slt", result, constant(0), failed);
  builder.label(end);
  builder.aside(() => {
    builder.label(failed);
    lowering.warn(span, { kind: "read", helper }, result);
    builder.jump(end);
  });
}
