import { type TypeName } from "./ast.js";
import { joinSpans } from "./span.js";
import { type Token } from "./token.js";
import { type TokenReader } from "./token-reader.js";

const typeWords = new Set(
  (
    "int8 int16 int32 int64 uint8 uint16 uint32 uint64 s8 s16 s32 s64 u8 u16 u32 u64 bool char short int long " +
    "unsigned signed void string"
  ).split(" "),
);
const tags = new Set(["struct", "union", "enum"]);
/** Words of C's types that may follow one another. */
const combinable = new Set(["unsigned", "signed", "char", "short", "int", "long"]);

/** Whether a word begins a type by itself. */
function isTypeWord(text: string): boolean {
  return typeWords.has(text) || tags.has(text) || text.endsWith("_t");
}

/** Whether what follows `open`, a "(", is a type and so a cast: a type's word, or a name with stars and nothing else. */
export function startsCast(reader: TokenReader, open: Token): boolean {
  const first = reader.after(open);
  if (first.kind !== "word") return false;
  if (isTypeWord(first.text)) return true;
  let next = reader.after(first);
  let stars = 0;
  while (next.kind === "symbol" && next.text === "*") {
    stars += 1;
    next = reader.after(next);
  }
  return stars > 0 && next.kind === "symbol" && next.text === ")";
}

/** Whether the next token begins a type by itself. */
export function startsType(reader: TokenReader): boolean {
  return reader.current.kind === "word" && isTypeWord(reader.current.text);
}

/** `unsigned long`, `struct sock **`, `int8[4]`. */
export function parseTypeName(reader: TokenReader): TypeName | undefined {
  const first = reader.current;
  if (first.kind !== "word") {
    reader.unexpected("a type");
    return undefined;
  }
  reader.take();
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
  let pointerDepth = 0;
  while (reader.takeSymbol("*")) pointerDepth += 1;
  let arrayLength: bigint | undefined;
  if (reader.takeSymbol("[")) {
    const length = reader.current;
    if (length.kind !== "integer") {
      reader.unexpected("the array's length");
      return undefined;
    }
    reader.take();
    arrayLength = length.value;
    if (!reader.expectSymbol("]")) return undefined;
  }
  const span = joinSpans(first.span, { start: reader.previousEnd, end: reader.previousEnd });
  return { name, pointerDepth, arrayLength, span };
}
