import { parseIntegerLiteral } from "./integer-literal.js";

type Operation = (left: bigint, right: bigint) => bigint;

const truth = (isTrue: boolean): bigint => (isTrue ? 1n : 0n);

/** By how tight they bind. */
const operations: readonly Readonly<Record<string, Operation>>[] = [
  { "||": (left, right) => truth(left !== 0n || right !== 0n) },
  { "&&": (left, right) => truth(left !== 0n && right !== 0n) },
  { "|": (left, right) => left | right },
  { "^": (left, right) => left ^ right },
  { "&": (left, right) => left & right },
  { "==": (left, right) => truth(left === right), "!=": (left, right) => truth(left !== right) },
  {
    "<": (left, right) => truth(left < right),
    ">": (left, right) => truth(left > right),
    "<=": (left, right) => truth(left <= right),
    ">=": (left, right) => truth(left >= right),
  },
  { "+": (left, right) => left + right, "-": (left, right) => left - right },
  {
    "*": (left, right) => left * right,
    "/": (left, right) => (right === 0n ? 0n : left / right),
    "%": (left, right) => (right === 0n ? 0n : left % right),
  },
];

/** Names that stand for names are followed so far, and brackets into each other. */
const maximumDepth = 50;

/** Whether the condition of an `#if` holds. Names that are not defined are 0, and so is what cannot be read. */
export function conditionHolds(
  text: string,
  textOf: (name: string) => string | undefined,
): boolean {
  const plain = text
    .replaceAll(/\/\*.*?\*\/|\/\/.*$/g, " ")
    .replaceAll(/\bdefined\s*(?:\(\s*(\w+)\s*\)|(\w+))/g, (_, inner?: string, bare?: string) =>
      textOf(inner ?? bare ?? "") === undefined ? "0" : "1",
    );
  return evaluate(plain, textOf, 0) !== 0n;
}

function evaluate(
  text: string,
  textOf: (name: string) => string | undefined,
  depth: number,
): bigint {
  if (depth > maximumDepth) return 0n;
  const tokens = text.match(/\w+|\|\||&&|[=!<>]=|[-+*/%&|^!~<>()]/g) ?? [];
  let at = 0;
  const binary = (level: number, brackets: number): bigint => {
    const table = operations[level];
    if (table === undefined) return unary(brackets);
    let left = binary(level + 1, brackets);
    for (;;) {
      const operation = Object.hasOwn(table, tokens[at] ?? "")
        ? table[tokens[at] ?? ""]
        : undefined;
      if (operation === undefined) return left;
      at += 1;
      left = operation(left, binary(level + 1, brackets));
    }
  };
  const unary = (brackets: number): bigint => {
    const token = tokens[at] ?? "";
    at += 1;
    if (brackets > maximumDepth) return 0n;
    if (token === "!") return truth(unary(brackets + 1) === 0n);
    if (token === "-") return -unary(brackets + 1);
    if (token === "~") return ~unary(brackets + 1);
    if (token === "+") return unary(brackets + 1);
    if (token === "(") {
      const value = binary(0, brackets + 1);
      if (tokens[at] === ")") at += 1;
      return value;
    }
    const literal = parseIntegerLiteral(token);
    if (literal.kind === "integer") return literal.value;
    const meaning = textOf(token);
    return meaning === undefined ? 0n : evaluate(meaning, textOf, depth + 1);
  };
  return binary(0, 0);
}
