import { type CheckedStatement } from "./checked-program.js";
import { isPinned } from "./probes/iterator-probes.js";
import { type ProbeState } from "./probe-state.js";

/** Reports what a pinned iterator's program would say to the trace, which is over when the program runs. */
export function checkPinned(state: ProbeState, body: readonly CheckedStatement[]): void {
  if (!isPinned(state.probe)) return;
  for (const { span } of body.flatMap(findRecords)) {
    const message = "a pinned iterator's program runs when its file is read: nobody else hears it";
    state.program.diagnostics.error("not-supported", span, message, [
      "What printf() prints can be read there.",
    ]);
  }
}

/** Statements, wherever they stand, that write a record. */
function findRecords(node: unknown): readonly CheckedStatement[] {
  if (typeof node !== "object" || node === null) return [];
  // What has such a kind and a record's number is one of CheckedStatement's.
  if ("kind" in node && (node.kind === "record" || node.kind === "control") && "record" in node) {
    return [node as CheckedStatement];
  }
  return Object.values(node).flatMap(findRecords);
}
