import { type ItaniumNode, type ItaniumOperator, textNode } from "./itanium-node.js";
import { operators } from "./itanium-tables.js";
import { type MangledCursor } from "./mangled-cursor.js";

/** What expressions are made of beside expressions. */
export interface ExpressionParser {
  readonly cursor: MangledCursor;
  encoding(): ItaniumNode;
  type(): ItaniumNode;
  name(): ItaniumNode;
  expression(): ItaniumNode;
  sourceName(): ItaniumNode;
  operatorName(): ItaniumNode;
  templateParameter(): ItaniumNode;
  templateArgument(): ItaniumNode;
  templateArguments(): readonly ItaniumNode[];
}

/** <expression> of the Itanium C++ ABI, 5.1.6. Throws MangledNameError. */
export function parseExpression(parser: ExpressionParser): ItaniumNode {
  const { cursor } = parser;
  const first = cursor.peek();
  if (first === "L") return literal(parser);
  if (first === "T") return parser.templateParameter();
  if (/^[0-9]/.test(first)) return simpleName(parser);
  const parse = forms[cursor.text.slice(cursor.at, cursor.at + 2)];
  if (parse !== undefined) {
    cursor.next(2);
    return parse(parser);
  }
  const operator = operators.get(cursor.next(2)) ?? cursor.fail();
  return operation(parser, operator);
}

const forms: Readonly<Record<string, ((parser: ExpressionParser) => ItaniumNode) | undefined>> = {
  cl: (parser) => ({ kind: "call", callee: parser.expression(), args: untilEnd(parser) }),
  cp: (parser) => ({ kind: "call", callee: parser.expression(), args: untilEnd(parser) }),
  cv(parser) {
    const type = parser.type();
    if (!parser.cursor.take("_")) return { kind: "cast", type, operand: parser.expression() };
    return {
      kind: "cast",
      type,
      operand: { kind: "list", elements: untilEnd(parser), between: ", " },
    };
  },
  tl: (parser) => ({ kind: "braces", type: parser.type(), elements: untilEnd(parser) }),
  il: (parser) => ({ kind: "braces", type: undefined, elements: untilEnd(parser) }),
  cc: namedCast("const_cast"),
  dc: namedCast("dynamic_cast"),
  rc: namedCast("reinterpret_cast"),
  sc: namedCast("static_cast"),
  st: ofType("st"),
  at: ofType("at"),
  ti: ofType("ti"),
  sp: (parser) => ({ kind: "expansion", inner: parser.expression() }),
  sZ: (parser) => ({
    kind: "packSize",
    operand:
      parser.cursor.peek() === "T" ? parser.templateParameter() : functionParameter(parser, true),
  }),
  sP: (parser) => ({ kind: "packSize", operand: { kind: "pack", elements: packed(parser) } }),
  fp: (parser) => functionParameter(parser, false),
  fL: (parser) => functionParameterOfOuter(parser),
  sr: unresolvedName,
  on(parser) {
    return withArguments(parser, parser.operatorName());
  },
  dn: (parser) => ({ kind: "wrapped", before: "~", inner: destroyed(parser), after: "" }),
  tr: () => textNode("throw"),
  dt: (parser) => memberAccess(parser, "."),
  pt: (parser) => memberAccess(parser, "->"),
  fl: (parser) => fold(parser, true, 1),
  fr: (parser) => fold(parser, false, 1),
  pp: incremented("pp"),
  mm: incremented("mm"),
  nw: (parser) => created(parser, "new "),
  na: (parser) => created(parser, "new[] "),
};

function operation(parser: ExpressionParser, operator: ItaniumOperator): ItaniumNode {
  if (operator.operands === 1) return { kind: "unary", operator, operand: parser.expression() };
  const left = parser.expression();
  const right = parser.expression();
  if (operator.operands === 2) return { kind: "binary", operator, left, right };
  return { kind: "conditional", parts: [left, right, parser.expression()] };
}

function requireOperator(code: string): ItaniumOperator {
  return operators.get(code) ?? { code, symbol: code, operands: 1 };
}

function untilEnd(parser: ExpressionParser): readonly ItaniumNode[] {
  const elements: ItaniumNode[] = [];
  while (!parser.cursor.take("E")) elements.push(parser.expression());
  return elements;
}

function packed(parser: ExpressionParser): readonly ItaniumNode[] {
  const elements: ItaniumNode[] = [];
  while (!parser.cursor.take("E")) elements.push(parser.templateArgument());
  return elements;
}

function namedCast(name: string): (parser: ExpressionParser) => ItaniumNode {
  return (parser) => {
    const type = parser.type();
    return { kind: "namedCast", name, type, operand: parser.expression() };
  };
}

function ofType(code: string): (parser: ExpressionParser) => ItaniumNode {
  return (parser) => ({ kind: "unary", operator: requireOperator(code), operand: parser.type() });
}

/** "pp_" is before its operand, "pp" behind it. */
function incremented(code: string): (parser: ExpressionParser) => ItaniumNode {
  return (parser) => {
    const kind = parser.cursor.take("_") ? "unary" : "postfix";
    return { kind, operator: requireOperator(code), operand: parser.expression() };
  };
}

function created(parser: ExpressionParser, before: string): ItaniumNode {
  const { cursor } = parser;
  const placed: ItaniumNode[] = [];
  while (!cursor.take("_")) placed.push(parser.expression());
  const type = parser.type();
  if (!cursor.take("E")) {
    cursor.expect("pi");
    const args = untilEnd(parser);
    return { kind: "call", callee: { kind: "wrapped", before, inner: type, after: "" }, args };
  }
  return { kind: "wrapped", before, inner: type, after: "" };
}

function memberAccess(parser: ExpressionParser, symbol: string): ItaniumNode {
  const left = parser.expression();
  const operator = { code: symbol, symbol, operands: 2 };
  return { kind: "binary", operator, left, right: parser.expression() };
}

function fold(parser: ExpressionParser, isLeft: boolean, count: number): ItaniumNode {
  const operator = operators.get(parser.cursor.next(2)) ?? parser.cursor.fail();
  const operands = Array.from({ length: count }, () => parser.expression());
  return { kind: "fold", isLeft, symbol: operator.symbol, operands };
}

/** fp [qualifiers] [number] _ ; "T": this */
function functionParameter(parser: ExpressionParser, isWhole: boolean): ItaniumNode {
  const { cursor } = parser;
  if (isWhole) cursor.expect("fp");
  if (cursor.take("T")) return textNode("this");
  cursor.match(/[rVK]*/y);
  const digits = cursor.match(/[0-9]+/y);
  cursor.expect("_");
  const number = digits === undefined ? 1 : Number(digits) + 2;
  return { kind: "functionParameter", text: `{parm#${number}}` };
}

function functionParameterOfOuter(parser: ExpressionParser): ItaniumNode {
  parser.cursor.number();
  parser.cursor.expect("p");
  return functionParameter(parser, false);
}

function withArguments(parser: ExpressionParser, name: ItaniumNode): ItaniumNode {
  if (parser.cursor.peek() !== "I") return name;
  return { kind: "template", name, args: parser.templateArguments() };
}

function simpleName(parser: ExpressionParser): ItaniumNode {
  return withArguments(parser, parser.sourceName());
}

function baseName(parser: ExpressionParser): ItaniumNode {
  const { cursor } = parser;
  if (/^[0-9]/.test(cursor.peek())) return simpleName(parser);
  if (cursor.take("dn")) {
    return { kind: "wrapped", before: "~", inner: destroyed(parser), after: "" };
  }
  cursor.take("on");
  return withArguments(parser, parser.operatorName());
}

function destroyed(parser: ExpressionParser): ItaniumNode {
  return /^[0-9]/.test(parser.cursor.peek()) ? simpleName(parser) : parser.type();
}

/** sr type name; srN type levels E name; sr levels E name */
function unresolvedName(parser: ExpressionParser): ItaniumNode {
  const { cursor } = parser;
  let scope: ItaniumNode;
  if (cursor.take("N")) {
    scope = parser.type();
    while (!cursor.take("E")) scope = { kind: "member", scope, name: simpleName(parser) };
  } else if (/^[0-9]/.test(cursor.peek())) {
    const first = simpleName(parser);
    scope = cursor.take("E") ? first : levels(parser, first);
  } else {
    scope = parser.type();
  }
  return { kind: "member", scope, name: baseName(parser) };
}

/** Names up to "E"; where there is none, what looked like levels was the name itself. */
function levels(parser: ExpressionParser, first: ItaniumNode): ItaniumNode {
  const { cursor } = parser;
  let scope = first;
  while (/^[0-9]/.test(cursor.peek())) {
    const start = cursor.at;
    const level = simpleName(parser);
    const isLast = cursor.take("E");
    if (!isLast && !/^[0-9]/.test(cursor.peek())) {
      cursor.at = start;
      return scope;
    }
    scope = { kind: "member", scope, name: level };
    if (isLast) return scope;
  }
  return scope;
}

/** L type value E; L _Z encoding E */
function literal(parser: ExpressionParser): ItaniumNode {
  const { cursor } = parser;
  cursor.expect("L");
  if (cursor.take("_Z") || cursor.take("Z")) {
    const name = parser.encoding();
    cursor.expect("E");
    return name;
  }
  const type = parser.type();
  const isNegative = cursor.take("n");
  const digits = cursor.match(/[0-9a-f_]*/y) ?? "";
  cursor.expect("E");
  return { kind: "literal", type, digits, isNegative };
}
