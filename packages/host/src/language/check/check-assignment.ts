import { type Expression, type Statement, type StatementOf } from "../syntax/ast.js";
import { checkAggregation } from "./check-aggregation.js";
import { aggregationHeld } from "./aggregation-value.js";
import { checkArithmetic } from "./check-arithmetic.js";
import { warnOfCast } from "./cast-warning.js";
import { sizeInMemory } from "./check-memory.js";
import { checkKeys, checkNumberPlace } from "./check-place.js";
import { type CheckedExpression, type CheckedStatement } from "./checked-program.js";
import { probedAddress } from "./check-uaddr.js";
import { coerce, convert } from "./coerce.js";
import { aggregationNames, statementNames } from "./function-names.js";
import { integerOperationOf } from "./integer-operation.js";
import { distanceOf } from "./move-pointer.js";
import { type ProbeState } from "./probe-state.js";
import { slotOf } from "./slot.js";
import { resolveTypeName } from "./type-name.js";
import { describeType, fitsRegister, int64 } from "./type.js";

/** `place = value`, `place op= value`. */
export function checkAssignment(
  probe: ProbeState,
  statement: StatementOf<"assignment">,
): CheckedStatement | undefined {
  const { target, operator, value } = statement;
  if (value.kind === "call" && aggregationNames.has(value.name)) {
    return checkAggregation(probe, statement, value);
  }
  if (operator !== undefined) return checkCompoundAssignment(probe, statement);
  if (target.kind === "map") return assignMap(probe, statement, target);
  if (target.kind === "scratch") {
    return assignScratch(probe, { name: target.name, value, target, span: statement.span });
  }
  if (target.kind === "member") {
    const message =
      "syntax: Tuples and records are immutable once created. Consider creating a new value and assigning it instead.";
    return probe.error("syntax", statement.span, message);
  }
  const message = "syntax: invalid assignment target";
  return probe.error("syntax", statement.span, message, ["== compares."]);
}

/** `@x op= value`. */
function checkCompoundAssignment(
  probe: ProbeState,
  statement: StatementOf<"assignment">,
): CheckedStatement | undefined {
  const { target, operator, span } = statement;
  const value = probe.check(statement.value);
  const operation = operator === undefined ? undefined : integerOperationOf(operator);
  const place = checkNumberPlace(probe, target, `${operator ?? ""}=`, span);
  if (value === undefined || operation === undefined || place === undefined) return undefined;
  // What `target op value` would be decides on the sign.
  const left: CheckedExpression = {
    kind: "scratch",
    scratch: 0,
    type: place.type,
    span: target.span,
  };
  const result = checkArithmetic(probe, {
    operation,
    operator: operator ?? "",
    left,
    right: value,
    // As bpftrace, which means the operator and what stands behind it.
    span: { ...span, start: probe.program.source.indexOf(operator ?? "", target.span.end) },
  });
  if (result === undefined) return undefined;
  if (place.type.kind === "pointer") {
    const elements = distanceOf(value, sizeInMemory(probe, place.type.target));
    return { kind: "assign", target: place, operation, value: elements, span };
  }
  const slot = { type: result.type };
  if (place.kind === "map") {
    const name = probe.program.maps.names[place.map] ?? "";
    probe.program.maps.mergeContents(name, { kind: "plain", slot }, target.span);
  } else if (target.kind === "scratch") {
    const scratch = probe.findScratch(target.name);
    if (scratch !== undefined) scratch.isAssigned = true;
    if (scratch !== undefined && !probe.mergeScratch(scratch, slot, span)) return undefined;
  }
  // A constant is a division by zero, whatever stands there.
  return result.kind === "constant"
    ? { kind: "assign", target: place, operation: undefined, value: result, span }
    : { kind: "assign", target: place, operation, value, span };
}

/** `func` beside `ksym(p)`: the address that is probed, which has the same name. */
function asSymbol(probe: ProbeState, value: CheckedExpression): CheckedExpression {
  if (value.type.kind !== "name") return value;
  const address = probedAddress(probe, probe.probe.type !== "kprobe", value.span);
  return address === undefined ? value : convert(address, { kind: "ksym" }, value.span);
}

/** Examples of what fills a map. */
const aggregationCalls = {
  count: "count()",
  sum: "sum(retval)",
  min: "min(retval)",
  max: "max(retval)",
  avg: "avg(retval)",
  stats: "stats(arg2)",
  hist: "hist(retval)",
  lhist: "lhist(rand %10, 0, 10, 1)",
  tseries: "tseries(rand %10, 10s, 1)",
} as const;

function assignMap(
  probe: ProbeState,
  statement: StatementOf<"assignment">,
  target: Extract<Expression, { kind: "map" }>,
): CheckedStatement | undefined {
  const { span } = statement;
  const { maps } = probe.program;
  maps.noteTarget(target.name);
  if (isVoid(statement.value)) return refuseVoid(probe, statement, "be assigned to a map");
  const held = aggregationHeld(probe, statement.value)?.kind;
  if (held !== undefined) return refuseCopy(probe, statement, target.name, held);
  const stored = checkStoredValue(probe, statement.value);
  const keys = checkKeys(probe, target.name, target.keys, target.span);
  if (stored === undefined || keys === undefined) return undefined;
  if (stored.type.kind === "aggregation") {
    return refuseCopy(probe, statement, target.name, stored.type.name);
  }
  const contentsHeld = maps.get(target.name).contents?.contents;
  const holdsSymbols = contentsHeld?.kind === "plain" && contentsHeld.slot.type.kind === "ksym";
  const value = holdsSymbols ? asSymbol(probe, stored) : stored;
  const contents = { kind: "plain", slot: slotOf(value) } as const;
  const conflict = maps.mergeContents(target.name, contents, target.span);
  if (conflict !== undefined) {
    return probe.error("type-mismatch", span, conflict.message, [], conflict.related);
  }
  const known = maps.get(target.name).contents?.contents;
  const type = known?.kind === "plain" ? known.slot.type : value.type;
  warnOfCast(probe, value, type, statement.value);
  return {
    kind: "assign",
    target: { kind: "map", map: maps.idOf(target.name), keys, type },
    operation: undefined,
    value: coerce(value, type),
    span,
  };
}

/** What one map gathers is no other's. */
function refuseCopy(
  probe: ProbeState,
  { value, span }: StatementOf<"assignment">,
  name: string,
  held: keyof typeof aggregationCalls,
): undefined {
  const call = `${name} = ${aggregationCalls[held]}`;
  const message = `Map value '${held}_t' cannot be assigned from one map to another. The function that returns this type must be called directly e.g. \`${call};\`.`;
  const isNumber = !["stats", "hist", "lhist", "tseries"].includes(held);
  const source = probe.program.source.slice(value.span.start, value.span.end);
  const hint = `Add a cast to integer if you want the value of the aggregate, e.g. \`${name} = (int64)${source};\`.`;
  return probe.error("type-mismatch", span, message, isNumber ? [hint] : []);
}

/** A call that gives no value. */
function isVoid(value: Expression): boolean {
  return value.kind === "call" && statementNames.has(value.name) && value.name !== "delete";
}

function refuseVoid(
  probe: ProbeState,
  { span, value }: { readonly span: Statement["span"]; readonly value: Expression },
  what: string,
): undefined {
  const isExit = value.kind === "call" && value.name === "exit";
  const message = isExit ? "Invalid expression for assignment" : `Value 'void' cannot ${what}.`;
  return probe.error("type-mismatch", span, message);
}

/** A value for a variable. */
function checkKeptValue(
  probe: ProbeState,
  expression: Expression,
  span: Statement["span"],
): CheckedExpression | undefined {
  if (isVoid(expression)) {
    return refuseVoid(probe, { span, value: expression }, "be assigned to a scratch variable");
  }
  const value = checkStoredValue(probe, expression);
  const isStats = aggregationHeld(probe, expression)?.kind === "stats";
  if (value === undefined || (value.type.kind !== "aggregation" && !isStats)) return value;
  const name = isStats ? "stats_t" : describeType(value.type);
  const message = `Value '${name}' cannot be assigned to a scratch variable.`;
  return probe.error("type-mismatch", span, message);
}

function checkStoredValue(
  probe: ProbeState,
  expression: Expression,
): CheckedExpression | undefined {
  const value = probe.check(expression);
  if (value?.type.kind !== "none") return value;
  return probe.error("type-mismatch", value.span, "this has no value and cannot be assigned");
}

function assignScratch(
  probe: ProbeState,
  assignment: {
    readonly name: string;
    readonly value: Expression;
    readonly target: { readonly span: Statement["span"] };
    readonly span: Statement["span"];
  },
): CheckedStatement | undefined {
  const { name, target, span } = assignment;
  const value = checkKeptValue(probe, assignment.value, span);
  // Declared even when its value is at fault: what reads it is not.
  const scratch = probe.findScratch(name) ?? probe.declareScratch(name, target.span);
  scratch.isAssigned = true;
  if (value === undefined || !probe.mergeScratch(scratch, slotOf(value), span)) return undefined;
  warnOfCast(probe, value, scratch.slot?.type, assignment.value);
  const type = scratch.slot?.type ?? value.type;
  return {
    kind: "assign",
    target: { kind: "scratch", scratch: scratch.id, type },
    operation: undefined,
    value: coerce(value, type),
    span,
  };
}

/** `let $name: type = value`. */
export function checkDeclaration(
  probe: ProbeState,
  statement: StatementOf<"declaration">,
): CheckedStatement | undefined {
  const { name, nameSpan, type: typeName, value, span } = statement;
  const { pointerSpace } = probe.probe;
  const type = typeName === undefined ? undefined : resolveTypeName(probe, typeName, pointerSpace);
  if (value === undefined) {
    const scratch = probe.declareNew(name, nameSpan, type, span);
    scratch.bareDeclaration = { ...span, end: nameSpan.end };
    return zeroScratch(scratch.id, scratch.slot?.type ?? int64, span);
  }
  // The value is checked before the name is known: it cannot be read in it.
  const checked = checkKeptValue(probe, value, span);
  const scratch = probe.declareNew(name, nameSpan, type, span);
  if (checked === undefined || !probe.mergeScratch(scratch, slotOf(checked), span)) {
    return undefined;
  }
  warnOfCast(probe, checked, scratch.slot?.type, value);
  const slotType = scratch.slot?.type ?? checked.type;
  return {
    kind: "assign",
    target: { kind: "scratch", scratch: scratch.id, type: slotType },
    operation: undefined,
    value: coerce(checked, slotType),
    span,
  };
}

/** `let $x` in a block that is repeated begins anew each time; strings and tuples are as they were left. */
function zeroScratch(
  scratch: number,
  type: CheckedExpression["type"],
  span: Statement["span"],
): CheckedStatement | undefined {
  if (!fitsRegister(type)) return undefined;
  const value: CheckedExpression = { kind: "constant", value: 0n, type, span };
  const target = { kind: "scratch", scratch, type } as const;
  return { kind: "assign", target, operation: undefined, value, span };
}
