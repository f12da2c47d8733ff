import { type ExpressionOf } from "../syntax/ast.js";
import { checkKeys, requireAssigned } from "./check-place.js";
import { acrossBuckets, bucketsOf } from "./bucketed-entry.js";
import { type Span } from "../syntax/span.js";
import { requireArguments } from "./call-arguments.js";
import { type CheckedExpression, type CheckedStatement } from "./checked-program.js";
import { type ProbeState } from "./probe-state.js";
import { boolean } from "./type.js";

/** clear, zero and delete. */
export function checkMapCall(
  probe: ProbeState,
  call: ExpressionOf<"call">,
  { isDiscarded }: { readonly isDiscarded: boolean },
): CheckedStatement | undefined {
  return call.name === "delete" ? checkDelete(probe, call, isDiscarded) : checkClear(probe, call);
}

/** Warns of a value that is made and not used; `isDiscarded` above says that the program says so itself, as in `_ = f()`. */
export function warnOfDiscarded(probe: ProbeState, span: Span): void {
  const { source } = probe.program;
  // Where a statement follows with the semicolon, save a variable's: as in bpftrace.
  const [semicolon = "", next] = /^\s*;\s*(?=(.))/s.exec(source.slice(span.end)) ?? [];
  const isWhole = next !== undefined && next !== "}" && !/[$@]/.test(source[span.start] ?? "");
  const end = isWhole ? span.end + semicolon.trimEnd().length : span.end;
  const hint = "Assign it, print it, or write _ = … when it is not wanted.";
  const place = { ...span, end };
  probe.program.diagnostics.warn("type-mismatch", place, "Return value discarded.", [hint]);
}

/** The map that is an argument as a whole. */
export function requireWholeMap(
  probe: ProbeState,
  call: ExpressionOf<"call">,
): ExpressionOf<"map"> | undefined {
  const [map] = call.args;
  if (map?.kind === "map" && map.keys.length === 0) return map;
  const span = map?.span ?? call.span;
  return probe.error("argument-type", span, `${call.name}() expects a map argument`);
}

function checkClear(probe: ProbeState, call: ExpressionOf<"call">): CheckedStatement | undefined {
  if (!requireArguments(probe, call, 1)) return undefined;
  const map = requireWholeMap(probe, call);
  if (map === undefined || requireAssigned(probe, map.name, map.nameSpan) === undefined) {
    return undefined;
  }
  const kind = call.name === "clear" ? "clearMap" : "zeroMap";
  const record = probe.program.records.add({ kind, map: probe.program.maps.idOf(map.name) });
  return { kind: "control", record, span: call.span };
}

/** `delete(@m, k)` where it is wanted whether there was such an entry. */
export function checkDeleted(
  probe: ProbeState,
  call: ExpressionOf<"call">,
): CheckedExpression | undefined {
  const checked = checkDeletion(probe, call);
  if (checked === undefined) return undefined;
  const { name, keys, buckets } = checked;
  const map = probe.program.maps.idOf(name);
  if (buckets !== undefined) {
    return acrossBuckets(probe, "deleted", { map, keys, buckets }, call.span);
  }
  return { kind: "deleted", map, keys, type: boolean, span: call.span };
}

/** `delete(@m, k)`, `delete(@m[k])`, `delete(@m)`. */
function checkDelete(
  probe: ProbeState,
  call: ExpressionOf<"call">,
  isDiscarded: boolean,
): CheckedStatement | undefined {
  const checked = checkDeletion(probe, call);
  if (checked === undefined) return undefined;
  if (!isDiscarded) warnOfDiscarded(probe, call.span);
  const { name, keys, buckets } = checked;
  const id = probe.program.maps.idOf(name);
  if (buckets !== undefined) {
    const entry = { map: id, keys, buckets };
    const expression = acrossBuckets(probe, "deleted", entry, call.span);
    return expression && { kind: "evaluate", expression, span: call.span };
  }
  return { kind: "delete", map: id, keys, span: call.span };
}

interface Deletion {
  readonly name: string;
  readonly keys: readonly CheckedExpression[];
  /** Of a histogram or a series that is kept in several entries. */
  readonly buckets: number | undefined;
}

function checkDeletion(probe: ProbeState, call: ExpressionOf<"call">): Deletion | undefined {
  const [map, ...keys] = call.args;
  if (!requireArguments(probe, call, 1, Infinity)) return undefined;
  if (map?.kind !== "map" || (map.keys.length > 0 && keys.length > 0)) {
    const span = map?.span ?? call.span;
    const message = "delete() takes a map and a key, as delete(@m, key)";
    return probe.error("argument-type", span, message);
  }
  const wanted = map.keys.length > 0 ? map.keys : keys;
  const checked = checkKeys(probe, map.name, wanted, call.span);
  const state = requireAssigned(probe, map.name, map.nameSpan);
  if (checked === undefined || state === undefined) return undefined;
  const contents = state.contents?.contents;
  if (contents?.kind !== "aggregation")
    return { name: map.name, keys: checked, buckets: undefined };
  // Without keys: it is kept as an entry that can be deleted, not in an array.
  if (checked.length === 0) probe.program.maps.noteRead(map.name);
  const buckets = bucketsOf(contents.aggregation, checked.length > 0);
  return { name: map.name, keys: checked, buckets };
}
