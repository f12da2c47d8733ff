import { meantHints, nearNames } from "../near-names.js";
import { type Expression, type ExpressionOf } from "../syntax/ast.js";
import { shownName } from "../syntax/expand-macros.js";
import { type Span } from "../syntax/span.js";
import { aggregationHeld, aggregationValue } from "./aggregation-value.js";
import { warnOfCast } from "./cast-warning.js";
import { sizeInMemory } from "./check-memory.js";
import { type CheckedExpression, type Place } from "./checked-program.js";
import { coerce, elementsOf } from "./coerce.js";
import { type MapState } from "./map-table.js";
import { type ProbeState, type Scratch } from "./probe-state.js";
import { type Slot, slotOf } from "./slot.js";
import { describeType, int64, uint64, type Type } from "./type.js";

/** `$x` where its value is wanted. */
export function readScratch(
  probe: ProbeState,
  expression: ExpressionOf<"scratch">,
): CheckedExpression | undefined {
  const { span } = expression;
  const scratch = findScratch(probe, expression);
  if (scratch === undefined) return undefined;
  warnOfUnassigned(probe, scratch, span);
  // A variable without a value yet is a number, until its type is known, or stays unknown.
  if (scratch.slot === undefined) {
    // What it was to be assigned had a fault, which is said there.
    if (probe.program.diagnostics.hasErrors) return undefined;
    reportUnknownType(probe, span);
  }
  return { kind: "scratch", scratch: scratch.id, type: scratch.slot?.type ?? int64, span };
}

/** What is said in earlier passes does not count. */
function reportUnknownType(probe: ProbeState, span: Span): void {
  probe.error("type-mismatch", span, "Could not resolve the type of this variable");
}

function warnOfUnassigned(probe: ProbeState, scratch: Scratch, span: Span): void {
  if (scratch.bareDeclaration === undefined || scratch.isAssigned) return;
  const message = `Variable used before it was assigned: $${shownName(scratch.name)}`;
  probe.program.diagnostics.warn("unneeded", span, message);
}

function findScratch(probe: ProbeState, expression: ExpressionOf<"scratch">): Scratch | undefined {
  const scratch = probe.findScratch(expression.name);
  if (scratch !== undefined) return scratch;
  const near = nearNames(expression.name, probe.scratchNames).map((name) => `$${shownName(name)}`);
  const message = `Undefined or undeclared variable: $${shownName(expression.name)}`;
  return probe.error("unknown-variable", expression.span, message, meantHints(near));
}

/** `@x`, `@x[k]` where its value is wanted. */
export function readMap(
  probe: ProbeState,
  expression: ExpressionOf<"map">,
): CheckedExpression | undefined {
  const { name, nameSpan, span } = expression;
  const keys = checkKeys(probe, name, expression.keys, span);
  const { maps } = probe.program;
  if (!maps.isAssigned(name)) maps.noteReadFirst(name, nameSpan);
  const state = requireAssigned(probe, name, nameSpan);
  if (keys === undefined || state === undefined) return undefined;
  if (state.isNeverAssigned === true) {
    const message = `Nothing is assigned to ${name}: it is 0`;
    probe.program.diagnostics.warn("unneeded", nameSpan, message, nearMaps(probe, name));
  }
  const contents = state.contents?.contents;
  if (contents?.kind === "aggregation") {
    return aggregationValue(probe, { name, aggregation: contents.aggregation, keys }, span);
  }
  const type = plainType(state);
  if (type === undefined) return undefined;
  return { kind: "mapValue", map: maps.idOf(name), keys, type, span };
}

function plainType(state: MapState): Type | undefined {
  const contents = state.contents?.contents;
  return contents?.kind === "plain" ? contents.slot.type : undefined;
}

/** A map that something is assigned to; reports one that is only read. */
export function requireAssigned(probe: ProbeState, name: string, span: Span): MapState | undefined {
  const { maps } = probe.program;
  const state = maps.get(name);
  if (state.contents !== undefined) return state;
  return probe.error("unknown-map", span, `Undefined map: ${name}`, nearMaps(probe, name));
}

function nearMaps(probe: ProbeState, name: string): readonly string[] {
  const { maps } = probe.program;
  const assigned = maps.names.filter((other) => {
    return maps.isAssigned(other) && maps.get(other).isNeverAssigned !== true;
  });
  return meantHints(nearNames(name, assigned));
}

/**
 * The keys of a use of a map, fit for its layout; a tuple in place of a single key stands for its elements. Reports keys that
 * do not go with other uses.
 */
export function checkKeys(
  probe: ProbeState,
  name: string,
  keys: readonly Expression[],
  span: Span,
): CheckedExpression[] | undefined {
  const [first] = keys;
  const isTuple = keys.length === 1 && first?.kind === "tuple" && first.names === undefined;
  const list = isTuple ? first.elements : keys;
  const values = probe.checkAll(list);
  if (values === undefined) return undefined;
  const [value] = values;
  const isRecord = value?.type.kind === "tuple" && value.type.names !== undefined;
  const isAlone = values.length === 1 && value !== undefined;
  const checked = isAlone && !isRecord ? elementsOf(value) : values;
  for (const key of checked) {
    if (key.type.kind === "aggregation") {
      const message = `Value '${describeType(key.type)}' cannot be used as a map key.`;
      return probe.error("type-mismatch", span, message);
    }
    if (key.type.kind !== "none") continue;
    return probe.error("type-mismatch", key.span, "this has no value and cannot be a key");
  }
  const { maps } = probe.program;
  const conflict = maps.mergeKeys(name, checked.map(slotOf), span);
  if (conflict !== undefined) {
    return probe.error("type-mismatch", span, conflict.message, [], conflict.related);
  }
  const slots = maps.get(name).keys?.slots ?? [];
  // A tuple's elements are not written one by one.
  if (checked.length === list.length) warnOfKeys(probe, checked, slots, list);
  return checked.map((key, index) => coerce(key, slots[index]?.type ?? key.type));
}

function warnOfKeys(
  probe: ProbeState,
  keys: readonly CheckedExpression[],
  slots: readonly Slot[],
  written: readonly Expression[],
): void {
  for (const [index, key] of keys.entries()) {
    const source = written[index];
    if (source !== undefined) warnOfCast(probe, key, slots[index]?.type, source);
  }
}

/** Something that `++`, `--` or a compound assignment changes: a number that is there, or an entry that starts at 0. */
export function checkNumberPlace(
  probe: ProbeState,
  target: Expression,
  operator: string,
  span: Span,
): Place | undefined {
  const place = placeOf(probe, target, operator, span);
  if (place === undefined) return undefined;
  if (place.type.kind === "integer" || place.type.kind === "pointer") return place;
  return refuseNumber(probe, target, operator, span, describeType(place.type));
}

/** A number is what the operator gives. */
function refuseNumber(
  probe: ProbeState,
  { kind, span: { start, end } }: Expression,
  operator: string,
  span: Span,
  type: string,
): undefined {
  const name = probe.program.source.slice(start, end).replace(/\[.*/s, "");
  const given = operator === "++" || (kind === "map" && operator === "+=") ? uint64 : int64;
  const place = kind === "map" ? "map" : "variable";
  const message = `Type mismatch for ${name}: trying to assign value of type '${describeType(given)}' when ${place} already has a type '${type}'`;
  return probe.error("type-mismatch", span, message, [`${operator} takes a number.`]);
}

function placeOf(
  probe: ProbeState,
  target: Expression,
  operator: string,
  span: Span,
): Place | undefined {
  if (target.kind === "scratch") {
    const scratch = findScratch(probe, target);
    if (scratch === undefined) return undefined;
    warnOfUnassigned(probe, scratch, target.span);
    if (scratch.slot === undefined) reportUnknownType(probe, target.span);
    return { kind: "scratch", scratch: scratch.id, type: scratch.slot?.type ?? int64 };
  }
  if (target.kind !== "map") {
    const message = operator.endsWith("=")
      ? `${operator} takes a variable or a map`
      : "syntax: increment/decrement requires a variable or map";
    return probe.error("syntax", target.span, message);
  }
  const { maps } = probe.program;
  const { name } = target;
  const keys = checkKeys(probe, name, target.keys, target.span);
  if (keys === undefined) return undefined;
  if (maps.get(name).contents === undefined) {
    const slot = { type: int64, constantsUpTo: 0n };
    maps.mergeContents(name, { kind: "plain", slot }, target.span);
  }
  const type = plainType(maps.get(name));
  if (type === undefined) {
    const kind = aggregationHeld(probe, target)?.kind ?? "aggregation";
    return refuseNumber(probe, target, operator, span, `${kind}_t`);
  }
  return { kind: "map", map: maps.idOf(name), keys, type };
}

/** `@x++`. */
export function checkUpdate(
  probe: ProbeState,
  expression: ExpressionOf<"update">,
): CheckedExpression | undefined {
  const { operator, span } = expression;
  if (!learnUpdate(probe, expression.target, operator, span)) return undefined;
  const target = checkNumberPlace(probe, expression.target, operator, span);
  if (target === undefined) return undefined;
  // A pointer moves to the next of what it points to.
  const step =
    target.type.kind === "pointer" ? Math.max(1, sizeInMemory(probe, target.type.target)) : 1;
  return {
    kind: "update",
    target,
    by: operator === "++" ? step : -step,
    result: expression.isPrefix ? "new" : "old",
    type: target.type,
    span,
  };
}

/** What counts up or down needs 64 bits; down, also a sign. False, and a report, when it cannot. */
function learnUpdate(
  probe: ProbeState,
  target: Expression,
  operator: "++" | "--",
  span: Span,
): boolean {
  const place = placeOf(probe, target, operator, span);
  if (place?.type.kind !== "integer") return place !== undefined;
  const slot = { type: operator === "++" && !place.type.isSigned ? uint64 : int64 };
  if (place.kind === "map") {
    const name = probe.program.maps.names[place.map] ?? "";
    return (
      probe.program.maps.mergeContents(name, { kind: "plain", slot }, target.span) === undefined
    );
  }
  const scratch = target.kind === "scratch" ? probe.findScratch(target.name) : undefined;
  return scratch === undefined || probe.mergeScratch(scratch, slot, target.span);
}
