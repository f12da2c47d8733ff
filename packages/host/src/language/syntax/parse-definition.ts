import {
  type DeclaredType,
  type EnumerationDefinition,
  type Expression,
  type MemberDeclaration,
  type TypeDefinition,
} from "./ast.js";
import { parseExpression } from "./parse-expression.js";
import { isTypeWord, parseTypeName } from "./parse-type-name.js";
import { joinSpans, type Span } from "./span.js";
import { type TokenReader } from "./token-reader.js";

/** Whether a definition of C's begins here: a type with a body, or a typedef. */
export function startsDefinition(reader: TokenReader): boolean {
  const token = reader.current;
  if (token.kind !== "word") return false;
  if (token.text === "typedef") return true;
  if (token.text !== "struct" && token.text !== "union" && token.text !== "enum") return false;
  const next = reader.after(token);
  return next.kind === "word" || (next.kind === "symbol" && next.text === "{");
}

/** `struct s { … };`, `enum e { … };`, `typedef … t;`: a semicolon may be left out behind the brace. Gives none after a fault. */
export function parseDefinition(reader: TokenReader): TypeDefinition[] {
  const start = reader.current.span;
  const definitions = reader.isWord("typedef")
    ? parseTypedef(reader, start)
    : parseTagged(reader, start);
  reader.takeSymbol(";");
  return definitions ?? [];
}

function parseTypedef(reader: TokenReader, start: Span): TypeDefinition[] | undefined {
  reader.take();
  const base = parseBase(reader);
  const definitions: TypeDefinition[] = [];
  if (base === undefined) {
    reader.skipStatement();
    return undefined;
  }
  do {
    const declared = parseDeclarator(reader, base);
    if (declared === undefined) {
      reader.skipStatement();
      return undefined;
    }
    const { name, type } = declared;
    const span = joinSpans(start, type.span);
    definitions.push({ kind: "typedef", name, type, span });
  } while (reader.takeSymbol(","));
  return definitions;
}

function parseTagged(reader: TokenReader, start: Span): TypeDefinition[] | undefined {
  const base = parseBase(reader);
  if (base === undefined) {
    reader.skipBlock();
    return undefined;
  }
  if (typeof base === "string") {
    // `struct s;` says that there is one.
    if (reader.isSymbol(";")) return [];
    reader.report(joinSpans(start, reader.current.span), `syntax: ${base} has no body`);
    reader.skipBlock();
    return undefined;
  }
  return [base];
}

type Base = DeclaredType["base"];

/** What stands before the names that are declared: a type's name, or its definition. */
function parseBase(reader: TokenReader): Base | undefined {
  for (const word of ["const", "volatile", "extern", "static"]) {
    if (reader.isWord(word)) reader.take();
  }
  const token = reader.current;
  if (token.kind !== "word") {
    reader.unexpected("a type");
    return undefined;
  }
  const { text } = token;
  if (text === "struct" || text === "union") return parseStructure(reader, text);
  if (text === "enum") return parseEnumeration(reader);
  const type = parseTypeName(reader, parseExpression, { isBare: true });
  return type?.name;
}

function parseStructure(reader: TokenReader, tag: "struct" | "union"): Base | undefined {
  const { span: start } = reader.take();
  const before = takeAttributes(reader);
  const name = takeWord(reader) ?? "";
  if (!reader.isSymbol("{")) {
    if (name !== "") return `${tag} ${name}`;
    reader.unexpected("'{'");
    return undefined;
  }
  reader.take();
  const members: MemberDeclaration[] = [];
  while (!reader.takeSymbol("}")) {
    if (reader.takeSymbol(";")) continue;
    const declared = reader.nest("statement", () => parseMembers(reader));
    if (declared === undefined) return undefined;
    members.push(...declared);
  }
  const behind = takeAttributes(reader);
  return {
    kind: "structure",
    tag,
    name,
    members,
    isPacked: before.isPacked || behind.isPacked,
    alignment: before.alignment ?? behind.alignment,
    span: joinSpans(start, { start: reader.previousEnd, end: reader.previousEnd }),
  };
}

/** One line of a struct: `int a, *b;`. */
function parseMembers(reader: TokenReader): MemberDeclaration[] | undefined {
  const base = parseBase(reader);
  if (base === undefined) return undefined;
  if (reader.isSymbol(";") || reader.isSymbol("}")) {
    if (typeof base === "string" || base.kind !== "structure") return [];
    const { span } = base;
    const type = { base, pointerDepth: 0, arrayLengths: [], span };
    return [{ name: "", type, bits: undefined, span }];
  }
  const members: MemberDeclaration[] = [];
  do {
    const declared = parseDeclarator(reader, base);
    if (declared === undefined) return undefined;
    let bits: Expression | undefined;
    if (reader.takeSymbol(":")) {
      bits = parseExpression(reader);
      if (bits === undefined) return undefined;
    }
    const { alignment = declared.alignment } = takeAttributes(reader);
    members.push({ ...declared, bits, alignment });
  } while (reader.takeSymbol(","));
  if (!reader.isSymbol("}") && !reader.expectSymbol(";")) return undefined;
  return members;
}

interface Declared {
  readonly name: string;
  readonly type: DeclaredType;
  readonly alignment?: number | undefined;
  readonly span: Span;
}

/** `*name[4]`, `(*name)(int)`; a bit-field may have no name. */
function parseDeclarator(reader: TokenReader, base: Base): Declared | undefined {
  const start = reader.current.span;
  let pointerDepth = 0;
  for (;;) {
    if (reader.takeSymbol("*")) pointerDepth += 1;
    else if (reader.isWord("const") || reader.isWord("volatile") || reader.isWord("restrict")) {
      reader.take();
    } else break;
  }
  if (reader.isSymbol("(")) return parseFunctionPointer(reader, start);
  const name = takeWord(reader);
  if (name === undefined && !reader.isSymbol(":")) {
    reader.unexpected("a name");
    return undefined;
  }
  const arrayLengths = parseLengths(reader);
  if (arrayLengths === undefined) return undefined;
  const span = joinSpans(start, { start: reader.previousEnd, end: reader.previousEnd });
  const { alignment } = takeAttributes(reader);
  return { name: name ?? "", type: { base, pointerDepth, arrayLengths, span }, alignment, span };
}

/** What it is called with does not matter: it is an address. */
function parseFunctionPointer(reader: TokenReader, start: Span): Declared | undefined {
  reader.take();
  let pointerDepth = 0;
  while (reader.takeSymbol("*")) pointerDepth += 1;
  const name = takeWord(reader) ?? "";
  const arrayLengths = parseLengths(reader);
  if (arrayLengths === undefined || !reader.expectSymbol(")") || !skipBrackets(reader)) {
    return undefined;
  }
  const span = joinSpans(start, { start: reader.previousEnd, end: reader.previousEnd });
  const type = { base: "void", pointerDepth: Math.max(1, pointerDepth), arrayLengths, span };
  return { name, type, span };
}

function parseLengths(reader: TokenReader): (Expression | undefined)[] | undefined {
  const lengths: (Expression | undefined)[] = [];
  while (reader.takeSymbol("[")) {
    let length: Expression | undefined;
    if (!reader.isSymbol("]")) {
      length = parseExpression(reader);
      if (length === undefined) return undefined;
    }
    if (!reader.expectSymbol("]")) return undefined;
    lengths.push(length);
  }
  return lengths;
}

function parseEnumeration(reader: TokenReader): Base | undefined {
  const { span: start } = reader.take();
  const name = takeWord(reader) ?? "";
  if (!reader.isSymbol("{")) {
    if (name !== "") return `enum ${name}`;
    reader.unexpected("'{'");
    return undefined;
  }
  reader.take();
  const values: EnumerationDefinition["values"][number][] = [];
  while (!reader.takeSymbol("}")) {
    const token = reader.current;
    if (token.kind !== "word") {
      reader.unexpected("the name of a number");
      return undefined;
    }
    reader.take();
    let value: Expression | undefined;
    if (reader.takeSymbol("=")) {
      value = parseExpression(reader);
      if (value === undefined) return undefined;
    }
    values.push({ name: token.text, value, span: token.span });
    if (!reader.takeSymbol(",") && !reader.isSymbol("}")) {
      reader.unexpected("'}'");
      return undefined;
    }
  }
  takeAttributes(reader);
  const span = joinSpans(start, { start: reader.previousEnd, end: reader.previousEnd });
  return { kind: "enumeration", name, values, span };
}

function takeWord(reader: TokenReader): string | undefined {
  const token = reader.current;
  if (token.kind !== "word" || (isTypeWord(token.text) && !token.text.endsWith("_t"))) {
    return undefined;
  }
  reader.take();
  return token.text;
}

interface Attributes {
  readonly isPacked: boolean;
  readonly alignment: number | undefined;
}

/** `__attribute__((…))`, any number of them; those that do not say where something lies are passed over. */
function takeAttributes(reader: TokenReader): Attributes {
  let isPacked = false;
  let alignment: number | undefined;
  while (reader.isWord("__attribute__") || reader.isWord("__packed")) {
    const start = reader.current.span.start;
    const isCall = reader.isWord("__attribute__");
    reader.take();
    if (isCall && !skipBrackets(reader)) break;
    const text = reader.source.slice(start, reader.previousEnd);
    isPacked ||= text.includes("packed");
    const bytes = /\baligned(?:__)?\s*\(\s*(\d+)/.exec(text)?.[1];
    if (bytes !== undefined) alignment = Number(bytes);
  }
  return { isPacked, alignment };
}

/** A pair of round brackets and what is in it. */
function skipBrackets(reader: TokenReader): boolean {
  if (!reader.expectSymbol("(")) return false;
  for (let depth = 1; depth > 0;) {
    if (reader.current.kind === "end") {
      reader.unexpected("')'");
      return false;
    }
    if (reader.isSymbol("(")) depth += 1;
    if (reader.isSymbol(")")) depth -= 1;
    reader.take();
  }
  return true;
}
