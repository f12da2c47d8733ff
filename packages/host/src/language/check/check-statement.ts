import { assertNever } from "../../asm/internal-error.js";
import {
  type Block,
  type Expression,
  type ExpressionOf,
  type Statement,
  type StatementOf,
} from "../syntax/ast.js";
import { type Span } from "../syntax/span.js";
import { checkAssertion } from "./check-assert.js";
import { checkAssignment, checkDeclaration } from "./check-assignment.js";
import { checkCondition } from "./check-condition.js";
import { isComptimeCall } from "./check-introspection.js";
import { requireDecision } from "./check-operator.js";
import { checkFor, checkJump, checkUnroll, checkWhile } from "./check-loop.js";
import { checkMapCall, warnOfDiscarded } from "./check-map-call.js";
import { checkOutputCall } from "./check-output-call.js";
import { type CheckedStatement } from "./checked-program.js";
import { aggregationNames, assertionNames, statementNames } from "./function-names.js";
import { variablesBehind } from "./later-variables.js";
import { printAndClear } from "./print-and-clear.js";
import { type ProbeState } from "./probe-state.js";
import { describeType, uint32 } from "./type.js";
import { layOutRecord } from "./record-table.js";

/** Checks statements in a scope of their own; those with faults, which are reported, are left out. */
export function checkBlock(probe: ProbeState, block: Block): CheckedStatement[] {
  return probe.inScope(() => checkStatements(probe, block.statements));
}

/** Checks statements in the scope at hand; those with faults, which are reported, are left out. */
export function checkStatements(
  probe: ProbeState,
  statements: readonly Statement[],
): CheckedStatement[] {
  warnOfUnreachable(probe, statements);
  const checked = statements.flatMap((statement, index) => {
    if (statement.kind === "if") keepVariables(probe, statement, statements.slice(index + 1));
    return checkStatement(probe, statement) ?? [];
  });
  return printAndClear(checked, probe.program.records);
}

function warnOfUnreachable(probe: ProbeState, statements: readonly Statement[]): void {
  const last = statements.findIndex(endsBlock);
  const next = last === -1 ? undefined : statements[last + 1];
  if (next === undefined) return;
  const { source } = probe.program;
  const { start, end } = next.span;
  // Of a call and its like with the semicolon: as in bpftrace.
  const isCall =
    (next.kind === "expression" && !/[$@]/.test(source[start] ?? "")) || next.kind === "return";
  const span = isCall && source[end] === ";" ? { ...next.span, end: end + 1 } : next.span;
  probe.program.diagnostics.warn("unreachable", span, "Unreachable statement.");
}

function endsBlock(statement: Statement): boolean {
  if (statement.kind === "return" || statement.kind === "jump") return true;
  if (statement.kind !== "expression") return false;
  const { expression } = statement;
  return expression.kind === "call" && expression.name === "exit";
}

/** Variables that live on behind an `if` belong to the scope around it. */
function keepVariables(
  probe: ProbeState,
  statement: StatementOf<"if">,
  following: readonly Statement[],
): void {
  for (const { name, span } of variablesBehind(statement, following)) {
    if (probe.findScratch(name) === undefined) probe.declareScratch(name, span);
  }
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
      const isDecision = requireDecision(probe, statement.condition, span);
      const condition = isDecision ? checkCondition(probe, statement.condition, span) : undefined;
      if (condition?.kind === "constant" && isComptimeCall(statement.condition)) {
        // What does not come about may be what could not be compiled, or a fail().
        const taken = condition.value === 0n ? statement.otherwise : statement.then;
        return taken === undefined ? [] : checkBlock(probe, taken);
      }
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
      return checkWhile(probe, statement);
    case "for":
      return checkFor(probe, statement);
    case "jump":
      return checkJump(probe, statement);
    default:
      return assertNever(statement);
  }
}

/**
 * What a probe's program gives to the kernel means nothing to the trace: it is evaluated, and forgotten. What a test gives
 * says whether it has failed: it is told as exit() tells it.
 */
function checkReturn(probe: ProbeState, { value, span }: StatementOf<"return">): Checked {
  if (value === undefined) return { kind: "return", span };
  const checked = probe.check(value);
  if (checked === undefined) return undefined;
  if (checked.type.kind !== "integer") {
    const message = `Probe return values can only be integers. Found ${describeType(checked.type)}`;
    return probe.error("type-mismatch", span, message);
  }
  const { type } = probe.probe;
  const isPassed = checked.kind === "constant" && checked.value === 0n;
  if ((type === "test" || type === "bench") && !isPassed) {
    const record = probe.program.records.add({ kind: "exit", ...layOutRecord([uint32]) });
    return { kind: "record", record, values: [checked], list: undefined, isControl: true, span };
  }
  return [
    { kind: "evaluate", expression: checked, span },
    { kind: "return", span },
  ];
}

/** A call, `@x++`, a choice between two of them: what is evaluated for what it does. */
function checkLoneExpression(
  probe: ProbeState,
  expression: Expression,
  whole: { readonly isDiscarded: boolean; readonly span: Span },
): Checked {
  const { isDiscarded } = whole;
  const { span } = expression;
  switch (expression.kind) {
    case "conditional":
      return checkLoneConditional(probe, expression, whole);
    case "block":
      return probe.inScope(() => {
        const statements = checkStatements(probe, expression.statements);
        const last =
          expression.value === undefined ? [] : checkLoneExpression(probe, expression.value, whole);
        return last === undefined ? undefined : [...statements, ...[last].flat()];
      });
    case "call":
      if (assertionNames.has(expression.name)) return checkAssertion(probe, expression);
      if (statementNames.has(expression.name)) {
        return ["clear", "zero", "delete"].includes(expression.name)
          ? checkMapCall(probe, expression, { isDiscarded })
          : checkOutputCall(probe, expression);
      }
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
  // Of what a macro gives, its use is shown.
  const isOfMacro = span.expandedFrom !== undefined && whole.span.expandedFrom === undefined;
  if (value.kind !== "update" && value.kind !== "helper" && !isDiscarded) {
    warnOfDiscarded(probe, isOfMacro ? whole.span : span);
  }
  return { kind: "evaluate", expression: value, span };
}

function checkLoneConditional(
  probe: ProbeState,
  { condition: test, then: first, otherwise: second, span }: ExpressionOf<"conditional">,
  whole: { readonly isDiscarded: boolean; readonly span: Span },
): Checked {
  const condition = checkCondition(probe, test, span);
  const then = first === undefined ? [] : checkLoneExpression(probe, first, whole);
  const otherwise = checkLoneExpression(probe, second, whole);
  if (condition === undefined || then === undefined || otherwise === undefined) return undefined;
  const branches = { then: [then].flat(), otherwise: [otherwise].flat() };
  if (condition.kind === "constant") {
    return condition.value === 0n ? branches.otherwise : branches.then;
  }
  return { kind: "if", condition, ...branches, span };
}
