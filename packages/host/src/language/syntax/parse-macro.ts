import { type MacroDefinition, type MacroParameter, type MapDeclaration } from "./ast.js";
import { splitValue } from "./block-value.js";
import { type TokenReader } from "./token-reader.js";

/** `macro name(value, $variable, @map) { … }`, of which the first word is next. */
export function parseMacro(reader: TokenReader): MacroDefinition | undefined {
  const start = reader.take().span;
  const name = reader.current;
  if (name.kind !== "word") {
    reader.unexpected("macro name");
    return undefined;
  }
  reader.take();
  const parameters = reader.expectSymbol("(") ? parseParameters(reader) : undefined;
  if (parameters === undefined) return undefined;
  const headSpan = { start: start.start, end: reader.previousEnd };
  const body = reader.parseBlock();
  if (body === undefined) return undefined;
  return { name: name.text, parameters, ...splitValue(body), headSpan };
}

function parseParameters(reader: TokenReader): MacroParameter[] | undefined {
  const parameters: MacroParameter[] = [];
  if (reader.takeSymbol(")")) return parameters;
  do {
    const token = reader.current;
    let parameter: MacroParameter;
    if (token.kind === "word") parameter = { kind: "value", name: token.text, span: token.span };
    else if (token.kind === "scratch") parameter = { ...token, kind: "variable" };
    else if (token.kind === "map") parameter = { ...token, kind: "map" };
    else {
      reader.unexpected("macro argument ($var, @map, or identifier)");
      return undefined;
    }
    reader.take();
    const { kind, name, span } = parameter;
    if (parameters.some((other) => other.kind === kind && other.name === name)) {
      const shown = kind === "variable" ? `$${name}` : name;
      reader.report(span, `Ident for macro argument has already been used: ${shown}`);
      return undefined;
    }
    parameters.push(parameter);
  } while (reader.takeSymbol(","));
  return reader.expectSymbol(")") ? parameters : undefined;
}

/** `let @m = lruhash(100);`, of which the first word is next. */
export function parseMapDeclaration(reader: TokenReader): MapDeclaration | undefined {
  const start = reader.take().span;
  const map = reader.current;
  if (map.kind !== "map") {
    reader.unexpected("a map, as @m");
    return undefined;
  }
  reader.take();
  if (!reader.expectSymbol("=")) return undefined;
  const type = reader.current;
  if (type.kind !== "word") {
    reader.unexpected("map type name");
    return undefined;
  }
  reader.take();
  if (!reader.expectSymbol("(")) return undefined;
  const size = reader.current;
  if (size.kind !== "integer") {
    reader.unexpected("positive integer for map declaration max entries");
    return undefined;
  }
  reader.take();
  if (!reader.expectSymbol(")")) return undefined;
  reader.takeSymbol(";");
  const span = { start: start.start, end: reader.previousEnd };
  return { name: map.name, type: type.text, entries: size.value, span };
}
