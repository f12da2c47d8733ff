import { type Expression, type FieldName, type TypeName } from "./ast.js";
import { parseTypeName, startsType } from "./parse-type-name.js";
import { type Span } from "./span.js";
import { type TokenReader } from "./token-reader.js";

type ParseExpression = (reader: TokenReader) => Expression | undefined;

/** `offsetof(struct s, a.b)`, behind its bracket. */
export function parseOffset(
  reader: TokenReader,
  start: Span,
  parseExpression: ParseExpression,
): Expression | undefined {
  const of = startsType(reader) ? parseTypeName(reader, parseExpression) : parseExpression(reader);
  if (of === undefined || !reader.expectSymbol(",")) return undefined;
  const path = parsePath(reader);
  if (path === undefined) return undefined;
  return { kind: "offsetof", of, path, span: spanToHere(reader, start) };
}

/** `container_of(p, struct s, a.b)`, behind its bracket: the structure whose field p points to. */
export function parseContainer(
  reader: TokenReader,
  start: Span,
  parseExpression: ParseExpression,
): Expression | undefined {
  const pointer = parseExpression(reader);
  if (pointer === undefined || !reader.expectSymbol(",")) return undefined;
  const of = parseTypeName(reader, parseExpression);
  if (of === undefined || !reader.expectSymbol(",")) return undefined;
  const path = parsePath(reader);
  if (path === undefined) return undefined;
  const span = spanToHere(reader, start);
  const bytes: TypeName = { name: "uint8", pointerDepth: 1, arrayLengths: [], span };
  return {
    kind: "cast",
    type: { ...of, pointerDepth: of.pointerDepth + 1 },
    operand: {
      kind: "binary",
      operator: "-",
      left: { kind: "cast", type: bytes, operand: pointer, span },
      right: { kind: "offsetof", of, path, span },
      span,
    },
    span,
  };
}

/** `a.b)` */
function parsePath(reader: TokenReader): readonly FieldName[] | undefined {
  const path: FieldName[] = [];
  do {
    const name = reader.current;
    if (name.kind !== "word") {
      reader.unexpected("the name of a field");
      return undefined;
    }
    reader.take();
    path.push({ text: name.text, span: name.span });
  } while (reader.takeSymbol("."));
  return reader.expectSymbol(")") ? path : undefined;
}

function spanToHere(reader: TokenReader, start: Span): Span {
  return { start: start.start, end: reader.previousEnd };
}
