import {
  type Block,
  type Expression,
  type Statement,
  type TypeName,
} from "../../../src/language/syntax/ast.js";

/** An expression in prefix form with all its parentheses, as `(+ 1 (* 2 3))`. */
export function printExpression(expression: Expression): string {
  const list = (head: string, ...parts: readonly Expression[]): string =>
    `(${[head, ...parts.map(printExpression)].join(" ")})`;
  switch (expression.kind) {
    case "integer":
      return `${expression.value}${expression.isUnsigned ? "u" : ""}`;
    case "string":
      return JSON.stringify(expression.value);
    case "boolean":
      return String(expression.value);
    case "identifier":
      return expression.name;
    case "positional":
      return `$${expression.index}`;
    case "positionalCount":
      return "$#";
    case "scratch":
      return `$${expression.name}`;
    case "map":
      return expression.keys.length === 0
        ? expression.name
        : `${expression.name}[${expression.keys.map(printExpression).join(", ")}]`;
    case "call":
      return list(`call ${expression.name}`, ...expression.args);
    case "member":
      return list(`${expression.isArrow ? "->" : "."}${expression.name}`, expression.object);
    case "index":
      return list("index", expression.object, expression.index);
    case "unary":
      return list(expression.operator, expression.operand);
    case "update":
      return list(
        expression.isPrefix ? `${expression.operator}_` : `_${expression.operator}`,
        expression.target,
      );
    case "binary":
      return list(expression.operator, expression.left, expression.right);
    case "conditional":
      return expression.then === undefined
        ? list("?:", expression.condition, expression.otherwise)
        : list("?:", expression.condition, expression.then, expression.otherwise);
    case "cast":
      return list(`cast ${printTypeName(expression.type)}`, expression.operand);
    case "tuple": {
      const names = expression.names?.map(({ text }) => text).join(",");
      return list(names === undefined ? "tuple" : `record ${names}`, ...expression.elements);
    }
    case "block": {
      const { statements, value } = expression;
      const parts = statements.map(printStatement);
      return `{${[...parts, ...(value === undefined ? [] : [`=> ${printExpression(value)}`])].join("; ")}}`;
    }
    case "offsetof": {
      const { of, path } = expression;
      const subject = "kind" in of ? printExpression(of) : printTypeName(of);
      return `(offsetof ${subject} ${path.map(({ text }) => text).join(".")})`;
    }
    default:
      return `(sizeof ${printTypeName(expression.type)})`;
  }
}

function printTypeName({ name, typeOf, pointerDepth, arrayLengths }: TypeName): string {
  const lengths = arrayLengths.map((length) => `[${length ?? ""}]`).join("");
  const inner =
    typeOf === undefined
      ? undefined
      : "kind" in typeOf
        ? printExpression(typeOf)
        : printTypeName(typeOf);
  const base = inner === undefined ? name : `typeof(${inner})`;
  return `${base}${"*".repeat(pointerDepth)}${lengths}`;
}

/** A statement in prefix form. */
export function printStatement(statement: Statement): string {
  switch (statement.kind) {
    case "expression":
      return `${statement.isDiscarded ? "_ = " : ""}${printExpression(statement.expression)}`;
    case "assignment":
      return `(${statement.operator ?? ""}= ${printExpression(statement.target)} ${printExpression(statement.value)})`;
    case "declaration": {
      const type = statement.type === undefined ? "" : `: ${statement.type.name}`;
      const value = statement.value === undefined ? "" : ` ${printExpression(statement.value)}`;
      return `(let $${statement.name}${type}${value})`;
    }
    case "if": {
      const otherwise =
        statement.otherwise === undefined ? "" : ` ${printBlock(statement.otherwise)}`;
      return `(if ${printExpression(statement.condition)} ${printBlock(statement.then)}${otherwise})`;
    }
    case "unroll":
      return `(unroll ${printExpression(statement.count)} ${printBlock(statement.body)})`;
    case "while":
      return `(while ${printExpression(statement.condition)} ${printBlock(statement.body)})`;
    case "for": {
      const last = statement.last === undefined ? "" : ` ${printExpression(statement.last)}`;
      return `(for $${statement.variable} ${printExpression(statement.subject)}${last} ${printBlock(statement.body)})`;
    }
    case "return":
      return statement.value === undefined
        ? "(return)"
        : `(return ${printExpression(statement.value)})`;
    case "jump":
      return `(${statement.word})`;
    default:
      return printBlock(statement.block);
  }
}

export function printBlock(block: Block): string {
  return `{${block.statements.map(printStatement).join("; ")}}`;
}
