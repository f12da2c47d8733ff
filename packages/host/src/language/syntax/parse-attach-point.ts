import { type AttachPoint } from "./ast.js";
import { type Span } from "./span.js";
import { readStringLiteral } from "./string-literal.js";
import { type TokenReader } from "./token-reader.js";

/** Probes whose second part is a path, in which a slash does not begin a predicate. */
const pathProbes = new Set(["uprobe", "u", "uretprobe", "ur", "usdt", "U"]);
/** Those whose third part may be a path. */
const iterators = new Set(["iter", "it"]);
/** ply writes `tracepoint:category/event`. */
const tracepoints = new Set(["tracepoint", "t"]);

/**
 * Reads a probe, which is not made of tokens: everything up to a space, a comma or a brace outside quotes, or up to
 * the slash of a predicate that follows at once.
 */
export function parseAttachPoint(reader: TokenReader): AttachPoint | undefined {
  const { source } = reader;
  const { start } = reader.current.span;
  const parts: { text: string; span: Span }[] = [];
  let partText = "";
  let partStart = start;
  let position = start;
  const endPart = (next: number): void => {
    parts.push({ text: partText, span: { start: partStart, end: position } });
    partText = "";
    partStart = next;
  };
  for (; position < source.length; position += 1) {
    const character = source[position] ?? "";
    if (/[\s,{}]/.test(character)) break;
    if (character === "/" && parts.length > 0) {
      const type = parts[0]?.text ?? "";
      if (tracepoints.has(type) && parts.length === 1) {
        endPart(position + 1);
        continue;
      }
      const isPin = iterators.has(type) && parts.length === 2 && isPath(source, position, partText);
      if (!(pathProbes.has(type) && parts.length === 1) && !isPin) break;
    } else if (character === "/") {
      break;
    }
    if (character === ":") {
      endPart(position + 1);
    } else if (character === '"') {
      const literal = readStringLiteral(source, position);
      if (literal.fault !== undefined) {
        reader.report(literal.fault, `syntax: ${literal.fault.message}`);
        reader.moveTo(literal.end);
        return undefined;
      }
      partText += literal.value;
      position = literal.end - 1;
    } else {
      partText += character;
    }
  }
  endPart(position);
  if (position === start) {
    reader.unexpected("attach point");
    return undefined;
  }
  reader.moveTo(position);
  return { text: source.slice(start, position), parts, span: { start, end: position } };
}

/** Whether a slash is of a path: it begins its part of the probe, or what follows it is not divided off as a predicate is. */
function isPath(source: string, position: number, before: string): boolean {
  return before === "" || (before.startsWith("/") && /^\/[\w.-]/.test(source.slice(position)));
}
