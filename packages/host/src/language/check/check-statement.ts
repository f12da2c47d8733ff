import { assertNever } from "../../asm/internal-error.js";
import {
  type Block,
  type Expression,
  type ExpressionOf,
  type Statement,
  type StatementOf,
} from "../syntax/ast.js";
import { unknownFunction } from "./check-call.js";
import { checkAggregation } from "./check-aggregation.js";
import { checkArithmetic, checkRightConstant } from "./check-arithmetic.js";
import { integerOperationOf } from "./integer-operation.js";
import { requireCondition } from "./check-operator.js";
import { checkMapCall } from "./check-map-call.js";
import { checkOutputCall } from "./check-output-call.js";
import { sizeInMemory } from "./check-memory.js";
import { distanceOf } from "./move-pointer.js";
import { checkKeys, checkNumberPlace } from "./check-place.js";
import {
  type CheckedExpression,
  type CheckedStatement,
  type IntegerOperation,
  type Place,
} from "./checked-program.js";
import { coerce } from "./coerce.js";
import { aggregationNames, functionNames, statementNames } from "./function-names.js";
import { type ProbeState } from "./probe-state.js";
import { slotOf } from "./slot.js";
import { resolveTypeName } from "./type-name.js";
import { describeType, fitsRegister, int64 } from "./type.js";

/** Checks statements in a scope of their own; those with faults, which are reported, are left out. */
export function checkBlock(probe: ProbeState, block: Block): CheckedStatement[] {
  return probe.inScope(() => checkStatements(probe, block.statements));
}

/** Checks statements in the scope at hand; those with faults, which are reported, are left out. */
export function checkStatements(
  probe: ProbeState,
  statements: readonly Statement[],
): CheckedStatement[] {
  return statements.flatMap((statement) => checkStatement(probe, statement) ?? []);
}

type Checked = CheckedStatement | readonly CheckedStatement[] | undefined;

function checkStatement(probe: ProbeState, statement: Statement): Checked {
  const { span } = statement;
  switch (statement.kind) {
    case "expression":
      return checkLoneExpression(probe, statement.expression, statement);
    case "assignment":
      return checkAssignment(probe, statement);
    case "declaration":
      return checkDeclaration(probe, statement);
    case "if": {
      const condition = checkCondition(probe, statement.condition);
      const then = checkBlock(probe, statement.then);
      const otherwise =
        statement.otherwise === undefined ? [] : checkBlock(probe, statement.otherwise);
      if (condition === undefined) return undefined;
      if (condition.kind === "constant") return condition.value === 0n ? otherwise : then;
      return { kind: "if", condition, then, otherwise, span };
    }
    case "unroll":
      return checkUnroll(probe, statement);
    case "return":
      return checkReturn(probe, statement);
    case "block":
      return checkBlock(probe, statement.block);
    case "while":
    case "for":
      return probe.notSupported(span, `${statement.kind} is`, [
        "unroll(n) { … } repeats a block a fixed number of times.",
      ]);
    case "jump":
      return probe.notSupported(span, `${statement.word} is`);
    default:
      return assertNever(statement);
  }
}

/** What a probe's program gives to the kernel means nothing to the trace: it is evaluated, and forgotten. */
function checkReturn(probe: ProbeState, { value, span }: StatementOf<"return">): Checked {
  if (value === undefined) return { kind: "return", span };
  const checked = probe.check(value);
  if (checked === undefined) return undefined;
  if (checked.type.kind !== "integer" && checked.type.kind !== "boolean") {
    const message = `a probe returns integers only, this is ${describeType(checked.type)}`;
    return probe.error("type-mismatch", value.span, message);
  }
  return [
    { kind: "evaluate", expression: checked, span },
    { kind: "return", span },
  ];
}

/** The condition of an `if` or of a predicate. */
export function checkCondition(
  probe: ProbeState,
  expression: Expression,
): CheckedExpression | undefined {
  const condition = probe.check(expression);
  if (condition === undefined || !requireCondition(probe, condition)) return undefined;
  return condition;
}

/** A call, `@x++`, a choice between two of them: what is evaluated for what it does. */
function checkLoneExpression(
  probe: ProbeState,
  expression: Expression,
  { isDiscarded }: { readonly isDiscarded: boolean },
): Checked {
  const { span } = expression;
  switch (expression.kind) {
    case "conditional":
      return checkLoneConditional(probe, expression, { isDiscarded });
    case "block":
      return probe.inScope(() => {
        const statements = checkStatements(probe, expression.statements);
        const last =
          expression.value === undefined
            ? []
            : checkLoneExpression(probe, expression.value, { isDiscarded });
        return last === undefined ? undefined : [...statements, ...[last].flat()];
      });
    case "call":
      if (statementNames.has(expression.name)) {
        return ["clear", "zero", "delete"].includes(expression.name)
          ? checkMapCall(probe, expression)
          : checkOutputCall(probe, expression);
      }
      if (!functionNames.has(expression.name)) return unknownFunction(probe, expression);
      if (aggregationNames.has(expression.name)) {
        // Says that it must be assigned.
        probe.check(expression);
        return undefined;
      }
      break;
    default:
  }
  const value = probe.check(expression);
  if (value === undefined) return undefined;
  if (value.kind !== "update" && !isDiscarded) {
    probe.program.diagnostics.warn("type-mismatch", span, "this value is not used", [
      "Assign it, print it, or write _ = … when it is not wanted.",
    ]);
  }
  return { kind: "evaluate", expression: value, span };
}

function checkLoneConditional(
  probe: ProbeState,
  { condition: test, then: first, otherwise: second, span }: ExpressionOf<"conditional">,
  options: { readonly isDiscarded: boolean },
): Checked {
  const condition = checkCondition(probe, test);
  const then = first === undefined ? [] : checkLoneExpression(probe, first, options);
  const otherwise = checkLoneExpression(probe, second, options);
  if (condition === undefined || then === undefined || otherwise === undefined) return undefined;
  const branches = { then: [then].flat(), otherwise: [otherwise].flat() };
  if (condition.kind === "constant") {
    return condition.value === 0n ? branches.otherwise : branches.then;
  }
  return { kind: "if", condition, ...branches, span };
}

function checkAssignment(probe: ProbeState, statement: StatementOf<"assignment">): Checked {
  const { target, operator, value } = statement;
  if (value.kind === "call" && aggregationNames.has(value.name)) {
    return checkAggregation(probe, statement, value);
  }
  if (operator !== undefined) return checkCompoundAssignment(probe, statement);
  if (target.kind === "map") return assignMap(probe, statement, target);
  if (target.kind === "scratch") {
    return assignScratch(probe, { name: target.name, value, target, span: statement.span });
  }
  return probe.error("syntax", target.span, "only variables and maps can be assigned", [
    "== compares.",
  ]);
}

/** `@x op= value`. */
function checkCompoundAssignment(
  probe: ProbeState,
  statement: StatementOf<"assignment">,
): CheckedStatement | undefined {
  const { target, operator, span } = statement;
  const value = probe.check(statement.value);
  const operation = operator === undefined ? undefined : integerOperationOf(operator);
  const place = checkNumberPlace(probe, target, `${operator ?? ""}=`);
  if (value === undefined || operation === undefined || place === undefined) return undefined;
  if (!checkRightConstant(probe, operation, value)) return undefined;
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
    span,
  });
  if (result === undefined) return undefined;
  if (place.type.kind === "pointer") return movePlace(probe, { place, operation, value, span });
  const slot = { type: result.type };
  if (place.kind === "map") {
    const name = probe.program.maps.names[place.map] ?? "";
    probe.program.maps.mergeContents(name, { kind: "plain", slot }, target.span);
  } else if (target.kind === "scratch") {
    const scratch = probe.findScratch(target.name);
    if (scratch !== undefined && !probe.mergeScratch(scratch, slot, span)) return undefined;
  }
  return { kind: "assign", target: place, operation, value, span };
}

/** `$p += n`: n elements further. */
function movePlace(
  probe: ProbeState,
  move: {
    readonly place: Place;
    readonly operation: IntegerOperation;
    readonly value: CheckedExpression;
    readonly span: Statement["span"];
  },
): CheckedStatement | undefined {
  const { place, operation, value, span } = move;
  if (operation !== "add" && operation !== "subtract") {
    return probe.error("type-mismatch", span, "a pointer can be moved by += and -= only");
  }
  const bytes = place.type.kind === "pointer" ? sizeInMemory(probe, place.type.target) : 1;
  return { kind: "assign", target: place, operation, value: distanceOf(value, bytes), span };
}

function assignMap(
  probe: ProbeState,
  statement: StatementOf<"assignment">,
  target: Extract<Expression, { kind: "map" }>,
): CheckedStatement | undefined {
  const { span } = statement;
  const { maps } = probe.program;
  const value = checkStoredValue(probe, statement.value);
  const keys = checkKeys(probe, target.name, target.keys, target.span);
  if (value === undefined || keys === undefined) return undefined;
  const contents = { kind: "plain", slot: slotOf(value) } as const;
  const conflict = maps.mergeContents(target.name, contents, target.span);
  if (conflict !== undefined) {
    return probe.error("type-mismatch", span, conflict.message, [], conflict.related);
  }
  const known = maps.get(target.name).contents?.contents;
  const type = known?.kind === "plain" ? known.slot.type : value.type;
  return {
    kind: "assign",
    target: { kind: "map", map: maps.idOf(target.name), keys, type },
    operation: undefined,
    value: coerce(value, type),
    span,
  };
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
  const value = checkStoredValue(probe, assignment.value);
  // Declared even when its value is at fault: what reads it is not.
  const scratch = probe.findScratch(name) ?? probe.declareScratch(name, target.span);
  if (value === undefined || !probe.mergeScratch(scratch, slotOf(value), span)) return undefined;
  const type = scratch.slot?.type ?? value.type;
  return {
    kind: "assign",
    target: { kind: "scratch", scratch: scratch.id, type },
    operation: undefined,
    value: coerce(value, type),
    span,
  };
}

function checkDeclaration(
  probe: ProbeState,
  statement: StatementOf<"declaration">,
): CheckedStatement | undefined {
  const { name, nameSpan, type: typeName, value, span } = statement;
  const { pointerSpace } = probe.probe;
  const type = typeName === undefined ? undefined : resolveTypeName(probe, typeName, pointerSpace);
  if (value === undefined) {
    const scratch = probe.declareNew(name, nameSpan, type);
    return zeroScratch(scratch.id, scratch.slot?.type ?? int64, span);
  }
  // The value is checked before the name is known: it cannot be read in it.
  const checked = checkStoredValue(probe, value);
  const scratch = probe.declareNew(name, nameSpan, type);
  if (checked === undefined || !probe.mergeScratch(scratch, slotOf(checked), span)) {
    return undefined;
  }
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

/** As bpftrace has it. */
const maximumUnrollCount = 100n;

function checkUnroll(
  probe: ProbeState,
  statement: StatementOf<"unroll">,
): CheckedStatement | undefined {
  const count = probe.check(statement.count);
  const body = checkBlock(probe, statement.body);
  if (count === undefined) return undefined;
  if (count.kind !== "constant" || count.type.kind !== "integer") {
    const message = `unroll takes a constant, not ${describeType(count.type)}`;
    return probe.error(
      "bad-value",
      count.span,
      count.kind === "constant" ? message : "unroll takes a constant",
    );
  }
  if (count.value < 0n || count.value > maximumUnrollCount) {
    const message = `unroll takes 0 to ${maximumUnrollCount}, not ${count.value}`;
    return probe.error("bad-value", count.span, message);
  }
  return { kind: "unroll", count: Number(count.value), body, span: statement.span };
}
