import { type Expression, type TypeName } from "./ast.js";
import { joinSpans } from "./span.js";
import { type Token } from "./token.js";
import { type TokenReader } from "./token-reader.js";

const typeWords = new Set(
  (
    "int8 int16 int32 int64 uint8 uint16 uint32 uint64 s8 s16 s32 s64 u8 u16 u32 u64 bool char short int long " +
    "unsigned signed void string typeof float double"
  ).split(" "),
);
const tags = new Set(["struct", "union", "enum"]);
/** Words of C's types that may follow one another. */
const combinable = new Set(["unsigned", "signed", "char", "short", "int", "long", "double"]);
/** Words of C's types that mean nothing here. */
const qualifiers = new Set(["const", "volatile"]);

/** Whether a word begins a type by itself. */
export function isTypeWord(text: string): boolean {
  const isNamed = typeWords.has(text) || tags.has(text) || qualifiers.has(text);
  // size_t, __u32, __be16
  return isNamed || /_t$|^__(?:[us]|[bl]e)[0-9]+$/.test(text);
}

/**
 * Whether what follows `open`, a "(", is a type and so a cast: a type's word, or a name with stars and nothing else, or one that
 * stands before a value.
 */
export function startsCast(reader: TokenReader, open: Token): boolean {
  const first = reader.after(open);
  if (first.kind !== "word") return false;
  if (isTypeWord(first.text)) return true;
  const defined = reader.definition(first.text);
  if (defined !== undefined) return startsType(defined);
  let next = reader.after(first);
  let stars = 0;
  while (next.kind === "symbol" && next.text === "*") {
    stars += 1;
    next = reader.after(next);
  }
  if (next.kind !== "symbol" || next.text !== ")") return false;
  return stars > 0 || startsOperand(reader.after(next));
}

/** Whether a token can only be the start of a value: no operator stands between it and a closing bracket. */
function startsOperand(token: Token): boolean {
  return ["word", "integer", "string", "scratch", "map", "positional"].includes(token.kind);
}

/** Whether the next token begins a type by itself. */
export function startsType(reader: TokenReader): boolean {
  const token = reader.current;
  if (token.kind !== "word") return false;
  const defined = reader.definition(token.text);
  return defined === undefined ? isTypeWord(token.text) : startsType(defined);
}

/**
 * `unsigned long`, `struct sock **`, `int8[4]`, `typeof($x)`; `parseExpression` is for what stands in the last. A bare one ends
 * before stars and brackets, which in a declaration of C's belong to what is declared.
 */
export function parseTypeName(
  reader: TokenReader,
  parseExpression: (reader: TokenReader) => Expression | undefined,
  options: { readonly isBare?: boolean } = {},
): TypeName | undefined {
  const first = reader.current;
  while (reader.current.kind === "word" && qualifiers.has(reader.current.text)) reader.take();
  const base = reader.isWord("typeof")
    ? parseTypeOf(reader, parseExpression)
    : parseBaseName(reader);
  if (base === undefined) return undefined;
  if (options.isBare === true) {
    const span = joinSpans(first.span, { start: reader.previousEnd, end: reader.previousEnd });
    return { ...base, pointerDepth: 0, arrayLengths: [], span };
  }
  let pointerDepth = 0;
  for (;;) {
    if (reader.takeSymbol("*")) pointerDepth += 1;
    else if (reader.isWord("const") || reader.isWord("volatile")) reader.take();
    else break;
  }
  const arrayLengths: (bigint | undefined)[] = [];
  while (reader.takeSymbol("[")) {
    const length = reader.current;
    if (length.kind === "integer") reader.take();
    arrayLengths.push(length.kind === "integer" ? length.value : undefined);
    if (!reader.takeSymbol("]")) {
      reader.unexpected("the array's length");
      return undefined;
    }
  }
  const span = joinSpans(first.span, { start: reader.previousEnd, end: reader.previousEnd });
  return { ...base, pointerDepth, arrayLengths, span };
}

function parseTypeOf(
  reader: TokenReader,
  parseExpression: (reader: TokenReader) => Expression | undefined,
): Pick<TypeName, "name" | "typeOf"> | undefined {
  reader.take();
  if (!reader.expectSymbol("(")) return undefined;
  const typeOf = startsType(reader)
    ? parseTypeName(reader, parseExpression)
    : parseExpression(reader);
  if (typeOf === undefined || !reader.expectSymbol(")")) return undefined;
  return { name: "", typeOf };
}

function parseBaseName(reader: TokenReader): Pick<TypeName, "name"> | undefined {
  const first = reader.current;
  if (first.kind !== "word") {
    reader.unexpected("type name");
    return undefined;
  }
  reader.take();
  const defined = reader.definition(first.text);
  if (defined !== undefined) return parseBaseName(defined);
  let name = first.text;
  if (tags.has(name)) {
    const tag = reader.current;
    if (tag.kind !== "word") {
      reader.unexpected(`the name of the ${name}`);
      return undefined;
    }
    reader.take();
    name += ` ${tag.text}`;
  } else if (combinable.has(name)) {
    for (let next = reader.current; next.kind === "word" && combinable.has(next.text);) {
      name += ` ${next.text}`;
      reader.take();
      next = reader.current;
    }
  }
  return { name };
}
