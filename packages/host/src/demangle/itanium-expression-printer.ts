import { type ItaniumExpression, type ItaniumNode } from "./itanium-node.js";
import { floatingTypes, literalSuffixes } from "./itanium-tables.js";

interface Printer {
  write(text: string): void;
  print(node: ItaniumNode): void;
  printList(nodes: readonly ItaniumNode[]): void;
  resolve(node: ItaniumNode): ItaniumNode;
}

type Expression = ItaniumExpression | Extract<ItaniumNode, { kind: "literal" }>;

const expressionKinds: ReadonlySet<string> = new Set<Expression["kind"]>([
  "literal",
  "unary",
  "postfix",
  "binary",
  "conditional",
  "namedCast",
  "cast",
  "call",
  "list",
  "braces",
  "fold",
  "packSize",
  "functionParameter",
]);

export function isExpression(node: ItaniumNode): node is Expression {
  return expressionKinds.has(node.kind);
}

/** Writes an expression as c++filt does: nearly every operand in parentheses. */
export function printExpression(printer: Printer, node: Expression): void {
  switch (node.kind) {
    case "literal":
      printLiteral(printer, node);
      return;
    case "unary":
      printUnary(printer, node);
      return;
    case "postfix":
      printOperand(printer, node.operand);
      printer.write(node.operator.symbol);
      return;
    case "binary":
      printBinary(printer, node);
      return;
    case "conditional": {
      const [condition, first, second] = node.parts;
      if (condition !== undefined) printOperand(printer, condition);
      printer.write("?");
      if (first !== undefined) printOperand(printer, first);
      printer.write(" : ");
      if (second !== undefined) printOperand(printer, second);
      return;
    }
    case "namedCast":
      printer.write(`${node.name}<`);
      printer.print(node.type);
      printer.write(">(");
      printer.print(node.operand);
      printer.write(")");
      return;
    case "cast":
      printer.write("(");
      printer.print(node.type);
      printer.write(")");
      printOperand(printer, node.operand);
      return;
    case "call":
      printOperand(printer, nameOf(node.callee));
      printer.write("(");
      printer.printList(node.args);
      printer.write(")");
      return;
    case "list":
      printer.printList(node.elements);
      return;
    case "braces":
      if (node.type !== undefined) printer.print(node.type);
      printer.write("{");
      printer.printList(node.elements);
      printer.write("}");
      return;
    case "fold":
      printFold(printer, node);
      return;
    case "packSize":
      printPackSize(printer, node.operand);
      return;
    case "functionParameter":
      printer.write(node.text);
  }
}

/** A function that is called is told without its parameters. */
function nameOf(callee: ItaniumNode): ItaniumNode {
  return callee.kind === "function" ? callee.name : callee;
}

function printOperand(printer: Printer, node: ItaniumNode): void {
  const isSimple = /^(text|standard|member|braces|functionParameter)$/.test(node.kind);
  if (!isSimple) printer.write("(");
  printer.print(node);
  if (!isSimple) printer.write(")");
}

function printUnary(
  printer: Printer,
  { operator, operand }: Extract<Expression, { kind: "unary" }>,
): void {
  printer.write(operator.symbol.trimEnd());
  if (operator.code === "gs") printer.print(operand);
  else if (/^(st|nx)$/.test(operator.code)) {
    printer.write(operator.code === "st" ? " (" : "(");
    printer.print(operand);
    printer.write(")");
  } else if (operator.code === "ad" && operand.kind === "function") {
    const isPlain = operand.name.kind === "member" && operand.type.suffix === "";
    printOperand(printer, isPlain ? operand.name : operand);
  } else {
    if (operator.symbol.endsWith(" ")) printer.write(" ");
    printOperand(printer, operand);
  }
}

function printBinary(
  printer: Printer,
  { operator, left, right }: Extract<Expression, { kind: "binary" }>,
): void {
  // Or it would end the template arguments that it is in.
  const isGreater = operator.symbol === ">";
  if (isGreater) printer.write("(");
  printOperand(printer, left);
  if (operator.code === "ix") {
    printer.write("[");
    printer.print(right);
    printer.write("]");
  } else {
    printer.write(operator.symbol);
    printOperand(printer, right);
  }
  if (isGreater) printer.write(")");
}

function printFold(
  printer: Printer,
  { isLeft, symbol, operands }: Extract<Expression, { kind: "fold" }>,
): void {
  const [operand] = operands;
  if (operand === undefined) return;
  printer.write("(");
  if (isLeft) printer.write(`...${symbol}`);
  printOperand(printer, operand);
  if (!isLeft) printer.write(`${symbol}...`);
  printer.write(")");
}

function printPackSize(printer: Printer, operand: ItaniumNode): void {
  const resolved = printer.resolve(operand);
  if (resolved.kind === "pack") {
    printer.write(String(resolved.elements.length));
    return;
  }
  printer.write("sizeof...");
  printOperand(printer, operand);
}

function printLiteral(
  printer: Printer,
  { type, digits, isNegative }: Extract<Expression, { kind: "literal" }>,
): void {
  const sign = isNegative ? "-" : "";
  const name = type.kind === "text" ? type.text : "";
  const suffix = literalSuffixes.get(name);
  if (suffix !== undefined) {
    printer.write(`${sign}${digits}${suffix}`);
  } else if (name === "bool" && /^[01]$/.test(digits) && !isNegative) {
    printer.write(digits === "1" ? "true" : "false");
  } else {
    printer.write("(");
    printer.print(type);
    printer.write(floatingTypes.has(name) ? `)${sign}[${digits}]` : `)${sign}${digits}`);
  }
}
