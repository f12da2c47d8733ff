import { loopMeans, maximumUnrolledRounds } from "../loop-means.js";
import { type Block, type Expression, type ExpressionOf, type StatementOf } from "../syntax/ast.js";
import { type Span } from "../syntax/span.js";
import { bucketsOf } from "./bucketed-entry.js";
import { warnOfCast } from "./cast-warning.js";
import { checkCondition } from "./check-condition.js";
import { requireAssigned } from "./check-place.js";
import { type CheckedExpression, type CheckedStatement } from "./checked-program.js";
import { aggregationValue } from "./aggregation-value.js";
import { coerce, elementsOf } from "./coerce.js";
import { integerConstant } from "./constant.js";
import { entryType } from "./entry-type.js";
import { type Aggregation } from "./map-table.js";
import { type ProbeState } from "./probe-state.js";
import { slotOf } from "./slot.js";
import { elementAt } from "./tuple-element.js";
import { int64, type TupleType, type Type } from "./type.js";

/** `while (c) { … }`. */
export function checkWhile(
  probe: ProbeState,
  { condition: test, body: block, span }: StatementOf<"while">,
): CheckedStatement | readonly CheckedStatement[] | undefined {
  const condition = checkCondition(probe, test);
  const body = checkBody(probe, block);
  if (condition === undefined) return undefined;
  if (loopMeans(probe.program.target) === "unrolled") {
    return tooOld(probe, span, "while", "5.3", ["unroll(n) { … } repeats a block n times."]);
  }
  probe.program.diagnostics.warn(
    "unneeded",
    span,
    "While loops are deprecated and may be removed in the future.",
    [
      "For loops support ranges (e.g. `for ($x : $start..$end) { ... }`), and can be used in place of while. These are more easily proven to be bounded by the verifier.",
    ],
  );
  if (condition.kind === "constant" && condition.value === 0n) return [];
  return { kind: "while", condition, body, span };
}

function checkBody(probe: ProbeState, { statements }: Block): CheckedStatement[] {
  return probe.inLoop(() => probe.checkStatements(statements));
}

/** What the target's kernel is too old for. */
function tooOld(
  probe: ProbeState,
  span: Span,
  what: string,
  since: string,
  hints: readonly string[] = [],
): undefined {
  const message = `${what} needs Linux ${since}, the target has ${probe.program.target.release}`;
  return probe.error("not-supported", span, message, hints);
}

/** `for ($i : a..b) { … }`, `for ($kv : @map) { … }`. */
export function checkFor(
  probe: ProbeState,
  statement: StatementOf<"for">,
): CheckedStatement | readonly CheckedStatement[] | undefined {
  const { subject, last } = statement;
  if (last !== undefined) return checkRange(probe, statement, last);
  if (subject.kind === "map" && subject.keys.length === 0) {
    return checkEntries(probe, statement, subject);
  }
  return probe.error("type-mismatch", subject.span, "expected map or range in for loop", [
    "A range is written 0..10; it ends before its second number.",
    ...(subject.kind === "map" ? [`The whole map is ${subject.name}.`] : []),
  ]);
}

function checkRange(
  probe: ProbeState,
  { variable, variableSpan, subject, body: block, span }: StatementOf<"for">,
  end: Expression,
): CheckedStatement | readonly CheckedStatement[] | undefined {
  const range = { ...span, end: end.span.end };
  const first = checkBound(probe, subject, "start", range);
  const last = checkBound(probe, end, "end", range);
  const [scratch, body] = probe.inLoop(() => {
    const declared = probe.declareNew(variable, variableSpan, undefined, "Loop");
    probe.mergeScratch(declared, { type: int64 }, variableSpan);
    return [declared.id, probe.checkStatements(block.statements)] as const;
  });
  if (first === undefined || last === undefined) return undefined;
  const rounds =
    first.kind === "constant" && last.kind === "constant" ? last.value - first.value : undefined;
  if (rounds !== undefined && rounds <= 0n) return [];
  const means = loopMeans(probe.program.target);
  if (rounds === undefined && means !== "callback") {
    return tooOld(probe, span, "for over a range that varies", "5.17", [
      "Give it constant bounds, and end it with break.",
    ]);
  }
  if (means === "unrolled" && rounds !== undefined && rounds > maximumUnrolledRounds) {
    return tooOld(probe, span, `for with more than ${maximumUnrolledRounds} rounds`, "5.3");
  }
  return { kind: "range", scratch, first, last, body, span };
}

function checkBound(
  probe: ProbeState,
  expression: Expression,
  place: "start" | "end",
  range: Span,
): CheckedExpression | undefined {
  const bound = probe.check(expression);
  if (bound?.type.kind === "integer") warnOfCast(probe, bound, int64, expression);
  if (bound === undefined || bound.type.kind === "integer") return bound;
  const message = `Loop range requires an integer for the ${place} value`;
  return probe.error("type-mismatch", range, message);
}

function checkEntries(
  probe: ProbeState,
  statement: StatementOf<"for">,
  { name, nameSpan }: ExpressionOf<"map">,
): CheckedStatement | undefined {
  const { variable, variableSpan, body: block, span } = statement;
  const { maps, target } = probe.program;
  const state = requireAssigned(probe, name, nameSpan);
  if (state === undefined) {
    // So that what reads the variable is not at fault, too.
    probe.inLoop(() => {
      probe.declareEntry(variable, variableSpan, int64);
      return probe.checkStatements(block.statements);
    });
    return undefined;
  }
  const contents = state.contents?.contents;
  const keyTypes = (state.keys?.slots ?? []).map(({ type }) => type);
  const valueType = contents?.kind === "plain" ? contents.slot.type : int64;
  const aggregation = contents?.kind === "aggregation" ? contents.aggregation : undefined;
  if (aggregation !== undefined && !isLooped(aggregation)) {
    const message = `Loop expression does not support type: ${aggregation.kind}_t`;
    return probe.error("type-mismatch", nameSpan, message, [`print(${name}) prints it.`]);
  }
  const [scratch, body] = probe.inLoop(() => {
    const type = entryType({ keyTypes, valueType });
    if (aggregation !== undefined) {
      return checkTotals(probe, statement, { name, aggregation, keyTypes, type });
    }
    if (probe.isEntryAssigned(variableSpan)) return checkCopies(probe, statement, type);
    const entry = probe.declareEntry(variable, variableSpan, type);
    return [entry.id, probe.checkStatements(block.statements)] as const;
  });
  if (keyTypes.length === 0) {
    const message = `${name} has no explicit keys (scalar map), and cannot be used for iteration`;
    return probe.error("type-mismatch", nameSpan, message, [`Its value is ${name} itself.`]);
  }
  if (!target.features.includes("for_each_map_elem")) {
    return tooOld(probe, span, "for over a map", "5.13", [`print(${name}) prints all of it.`]);
  }
  return { kind: "entries", scratch, map: maps.idOf(name), body, span };
}

/** stats() is three numbers, as in bpftrace no value of an entry. */
function isLooped(aggregation: Aggregation): boolean {
  return aggregation.kind !== "stats" && bucketsOf(aggregation, true) === undefined;
}

/** The entries of an aggregation are what they have come to on all CPUs, which is looked up in each round. */
function checkTotals(
  probe: ProbeState,
  statement: StatementOf<"for">,
  totals: {
    readonly name: string;
    readonly aggregation: Aggregation;
    readonly keyTypes: readonly Type[];
    readonly type: TupleType;
  },
): readonly [number, readonly CheckedStatement[]] {
  const { name, aggregation, keyTypes, type } = totals;
  const { span } = statement;
  const { hidden, entry } = hiddenEntry(probe, type, span);
  const key = elementAt(entry, type, 0, span) ?? entry;
  const keys = keyTypes.length === 1 ? [key] : elementsOf(key);
  const value = aggregationValue(probe, { name, aggregation, keys }, span);
  const elements = [key, value ?? integerConstant(0n, span)];
  const pair: CheckedExpression = {
    kind: "tuple",
    elements,
    type: { kind: "tuple", elements: elements.map((each) => each.type) },
    span,
  };
  return [hidden, checkWithCopy(probe, statement, pair)];
}

/** A variable that is assigned to in its loop is a copy of the entry. */
function checkCopies(
  probe: ProbeState,
  statement: StatementOf<"for">,
  type: TupleType,
): readonly [number, readonly CheckedStatement[]] {
  const { hidden, entry } = hiddenEntry(probe, type, statement.span);
  return [hidden, checkWithCopy(probe, statement, entry)];
}

/** The entry itself, where the program's variable is not. */
function hiddenEntry(
  probe: ProbeState,
  type: TupleType,
  span: Span,
): { readonly hidden: number; readonly entry: CheckedExpression } {
  const scratch = probe.temporary(span, type);
  scratch.isEntry = true;
  return { hidden: scratch.id, entry: { kind: "scratch", scratch: scratch.id, type, span } };
}

function checkWithCopy(
  probe: ProbeState,
  { variable, variableSpan, body: block, span }: StatementOf<"for">,
  value: CheckedExpression,
): readonly CheckedStatement[] {
  const declared = probe.declareNew(variable, variableSpan, undefined, "Loop");
  declared.isEntry = false;
  probe.mergeScratch(declared, slotOf(value), variableSpan);
  const type = declared.slot?.type ?? value.type;
  const target = { kind: "scratch", scratch: declared.id, type } as const;
  const assign: CheckedStatement = {
    kind: "assign",
    target,
    operation: undefined,
    value: coerce(value, type),
    span,
  };
  return [assign, ...probe.checkStatements(block.statements)];
}

/** `break`, `continue`. */
export function checkJump(
  probe: ProbeState,
  { word, span }: StatementOf<"jump">,
): CheckedStatement | undefined {
  if (probe.isInLoop) return { kind: "jump", word, span };
  const hints = word === "break" ? ["return ends the probe."] : [];
  return probe.error("syntax", span, `'${word}' statement is not allowed in a probe`, hints);
}

/** `unroll(n) { … }`. */
export function checkUnroll(
  probe: ProbeState,
  statement: StatementOf<"unroll">,
): CheckedStatement | undefined {
  const { span } = statement;
  const count = probe.check(statement.count);
  const body = probe.inScope(() => probe.checkStatements(statement.body.statements));
  if (count === undefined) return undefined;
  if (count.kind !== "constant" || count.type.kind !== "integer") {
    return probe.error("bad-value", span, "invalid unroll value");
  }
  if (count.value < 0n) return probe.error("bad-value", span, "invalid unroll value");
  if (count.value < 1n) return probe.error("bad-value", span, "unroll minimum value is 1");
  if (count.value > maximumUnrolledRounds) {
    const message = `unroll maximum value is ${maximumUnrolledRounds}`;
    return probe.error("bad-value", span, message, ["for and while repeat more often."]);
  }
  return { kind: "unroll", count: Number(count.value), body, span };
}
