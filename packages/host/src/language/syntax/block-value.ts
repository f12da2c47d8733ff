import { type Block, type Expression, type Statement, type StatementOf } from "./ast.js";

/** A block's statements, and its value apart: that of a last expression, or of a last `if`, without a semicolon behind it. */
export function splitValue({ statements, endsWithValue }: Block): {
  readonly statements: readonly Statement[];
  readonly value: Expression | undefined;
} {
  const last = endsWithValue === true ? statements.at(-1) : undefined;
  const value = last === undefined ? undefined : valueOf(last);
  return value === undefined
    ? { statements, value: undefined }
    : { statements: statements.slice(0, -1), value };
}

/** A block as an expression. */
export function asExpression(block: Block): Expression {
  return { kind: "block", ...splitValue(block), span: block.span };
}

function valueOf(statement: Statement): Expression | undefined {
  if (statement.kind === "expression") {
    return statement.isDiscarded ? undefined : statement.expression;
  }
  if (statement.kind === "block") {
    return splitValue(statement.block).value === undefined
      ? undefined
      : asExpression(statement.block);
  }
  return statement.kind === "if" ? ifValue(statement) : undefined;
}

/** `if c { a } else { b }`, when both have a value. */
function ifValue({ condition, then, otherwise, span }: StatementOf<"if">): Expression | undefined {
  if (otherwise === undefined) return undefined;
  const [first, second] = [splitValue(then), splitValue(otherwise)];
  if (first.value === undefined || second.value === undefined) return undefined;
  return {
    kind: "conditional",
    condition,
    then: asExpression(then),
    otherwise: asExpression(otherwise),
    span,
  };
}
