import { assertNever, InternalError } from "../../asm/internal-error.js";
import { type RecordLayout } from "../../spec/trace-layout.js";
import { type CheckedExpression, type CheckedStatement } from "../check/checked-program.js";
import { fitsRegister, uint64 } from "../check/type.js";
import { aggregate } from "./aggregation.js";
import { branch } from "./condition.js";
import { writeDebugLine } from "./debug-line.js";
import { lowerJump, lowerLoop } from "./loops.js";
import { markExit } from "./loss.js";
import { type Lowering } from "./lowering.js";
import { writeRecord, writeValues } from "./record.js";
import { withStored } from "./stored-place.js";
import { assignPlace, deleteEntry, updatePlace } from "./update.js";
import { machineOperation } from "./value.js";

/** Emits what a list of statements does. */
export function lowerStatements(lowering: Lowering, statements: readonly CheckedStatement[]): void {
  for (const statement of statements) lowerStatement(lowering, statement);
}

function lowerStatement(lowering: Lowering, statement: CheckedStatement): void {
  const { builder } = lowering;
  switch (statement.kind) {
    case "evaluate":
      evaluate(lowering, statement.expression);
      break;
    case "assign":
      if (statement.operation === undefined) {
        assignPlace(lowering, statement.target, statement.value, statement.span);
      } else {
        updatePlace(lowering, statement.target, {
          // Never signed: see isUnsignedAlways.
          operation: machineOperation(statement.operation, uint64),
          amount: lowering.value(statement.value),
          result: "none",
          span: statement.span,
        });
      }
      break;
    case "aggregate":
      aggregate(lowering, statement);
      break;
    case "delete":
      deleteEntry(lowering, statement.map, statement.keys);
      break;
    case "record":
      writeStatementRecord(lowering, statement);
      break;
    case "debug":
      writeDebugLine(lowering, statement);
      break;
    case "control":
      writeControl(lowering, statement.record);
      break;
    case "if":
      lowerIf(lowering, statement);
      break;
    case "unroll":
      for (let time = 0; time < statement.count; time++) {
        lowerStatements(lowering, statement.body);
      }
      break;
    case "while":
    case "range":
    case "entries":
      lowerLoop(lowering, statement);
      break;
    case "jump":
      lowerJump(lowering, statement.word);
      break;
    case "return":
      builder.jump(lowering.endLabel);
      break;
    default:
      assertNever(statement);
  }
}

function evaluate(lowering: Lowering, expression: CheckedExpression): void {
  if (expression.kind === "update") {
    const amount = { kind: "constant", value: BigInt(expression.by) } as const;
    const { span } = expression;
    updatePlace(lowering, expression.target, { operation: "add", amount, result: "none", span });
  } else if (fitsRegister(expression.type)) {
    // What computes a value that nobody wants is left out later.
    lowering.value(expression);
  } else {
    withStored(lowering, expression, () => undefined);
  }
}

function requireRecord(lowering: Lowering, record: number): RecordLayout {
  const layout = lowering.program.layout.records[record];
  if (layout === undefined) throw new InternalError(`there is no record ${record}`);
  return layout;
}

function writeStatementRecord(
  lowering: Lowering,
  statement: Extract<CheckedStatement, { readonly kind: "record" }>,
): void {
  const layout = requireRecord(lowering, statement.record);
  if (!("fields" in layout)) throw new InternalError(`a ${layout.kind} record with values`);
  writeValues(lowering, statement, layout);
  if (layout.kind !== "exit") return;
  markExit(lowering);
  lowering.builder.jump(lowering.endLabel);
}

/** A record of its id alone. Times are ordinary records, as what they stand beside. */
function writeControl(lowering: Lowering, record: number): void {
  const layout = requireRecord(lowering, record);
  writeRecord(lowering, {
    id: record,
    layout: { fields: [], fixedSizeBytes: 4 },
    isControl: isControlRecord(layout),
    stringBytes: 0,
    fill: (_, cursor) => cursor,
  });
}

/** Whether a record must get through when the ring is nearly full: losing it would change what the trace means. */
export function isControlRecord(layout: RecordLayout): boolean {
  switch (layout.kind) {
    case "printMap":
    case "clearMap":
    case "zeroMap":
    case "exit":
      return true;
    case "printf":
    case "message":
    case "warning":
    case "system":
    case "cat":
    case "printValue":
    case "join":
    case "time":
    case "event":
      return false;
    default:
      return assertNever(layout);
  }
}

function lowerIf(
  lowering: Lowering,
  { condition, then, otherwise }: Extract<CheckedStatement, { readonly kind: "if" }>,
): void {
  const { builder, builtins } = lowering;
  const falseLabel = builder.newLabel("else");
  const end = builder.newLabel("endif");
  const before = builtins.snapshot();
  branch(lowering, condition, falseLabel, { when: false });
  // A plain comparison computes all it needs before it jumps: that is known on both ways.
  const after = condition.kind === "compare" ? builtins.snapshot() : before;
  lowerStatements(lowering, then);
  if (otherwise.length > 0) builder.jump(end);
  builder.label(falseLabel);
  builtins.restore(after);
  lowerStatements(lowering, otherwise);
  builtins.restore(after);
  builder.label(end);
}
