import { type ItaniumNode } from "./itanium-node.js";
import { specialPrefixes } from "./itanium-tables.js";
import { type MangledCursor } from "./mangled-cursor.js";

interface SpecialNameParser {
  readonly cursor: MangledCursor;
  encoding(): ItaniumNode;
  name(): ItaniumNode;
  type(): ItaniumNode;
  templateArgument(): ItaniumNode;
}

/** <special-name>: tables, thunks and guards that compilers make. */
export function parseSpecialName(parser: SpecialNameParser): ItaniumNode {
  const { cursor } = parser;
  const code = cursor.next(2);
  const prefix = specialPrefixes.get(code);
  if (prefix !== undefined) return wrap(prefix, parseInner(parser, code));
  switch (code) {
    case "Th":
      skipOffset(cursor, "h");
      return wrap("non-virtual thunk to ", parser.encoding());
    case "Tv":
      skipOffset(cursor, "v");
      return wrap("virtual thunk to ", parser.encoding());
    case "Tc":
      skipOffset(cursor, cursor.next());
      skipOffset(cursor, cursor.next());
      return wrap("covariant return thunk to ", parser.encoding());
    case "TC":
      return constructionTable(parser);
    case "GR":
      return reference(parser);
    case "GT": {
      const transaction = specialPrefixes.get(code + cursor.next()) ?? cursor.fail();
      return wrap(transaction, parser.encoding());
    }
    default:
      return cursor.fail();
  }
}

function parseInner(parser: SpecialNameParser, code: string): ItaniumNode {
  if (code === "TA") return parser.templateArgument();
  if (code === "GA") return parser.encoding();
  return /^(TH|TW|GV)$/.test(code) ? parser.name() : parser.type();
}

/** How far `this` is moved. */
function skipOffset(cursor: MangledCursor, kind: string): void {
  const pattern = kind === "h" ? /n?[0-9]+_/y : kind === "v" ? /n?[0-9]+_n?[0-9]+_/y : undefined;
  if (pattern === undefined || cursor.match(pattern) === undefined) cursor.fail();
}

function constructionTable(parser: SpecialNameParser): ItaniumNode {
  const whole = parser.type();
  parser.cursor.match(/[0-9]+/y);
  parser.cursor.expect("_");
  const part = parser.type();
  return wrap("construction vtable for ", {
    kind: "list",
    elements: [part, whole],
    between: "-in-",
  });
}

function reference(parser: SpecialNameParser): ItaniumNode {
  const name = parser.name();
  const digits = parser.cursor.match(/[0-9A-Z]{0,6}/y) ?? "";
  parser.cursor.take("_");
  const number = digits === "" ? 0 : Number.parseInt(digits, 36) + 1;
  return wrap(`reference temporary #${number} for `, name);
}

function wrap(before: string, inner: ItaniumNode): ItaniumNode {
  return { kind: "wrapped", before, inner, after: "" };
}
