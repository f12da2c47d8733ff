import { decodeUtf8 } from "../../text/utf8.js";

/** A string literal with its escapes undone. */
export interface StringLiteral {
  readonly value: string;
  /** Offset in the source behind the closing quote, or where reading stopped. */
  readonly end: number;
  /** For each UTF-16 unit of the value, where in the source it was written; one more for the end. */
  readonly offsets: readonly number[];
  /** What is wrong with it, and where; `undefined` when nothing is. */
  readonly fault:
    { readonly message: string; readonly start: number; readonly end: number } | undefined;
}

const simpleEscapes: Readonly<Record<string, string>> = {
  n: "\n",
  t: "\t",
  r: "\r",
  '"': '"',
  "\\": "\\",
};

/**
 * Reads a literal whose opening quote is at `start`. Escapes are \n \t \r \" \\, \x and one or two hexadecimal digits, one to
 * three octal digits; neighbouring bytes above 0x7f are taken together as UTF-8.
 */
export function readStringLiteral(source: string, start: number): StringLiteral {
  let value = "";
  const offsets: number[] = [];
  let bytes: number[] = [];
  let bytesStart = 0;
  let fault: StringLiteral["fault"];
  let position = start + 1;

  const append = (text: string, offset: number): void => {
    offsets.push(...Array.from({ length: text.length }, () => offset));
    value += text;
  };
  const flushBytes = (): void => {
    if (bytes.length > 0) append(decodeUtf8(Uint8Array.from(bytes)), bytesStart);
    bytes = [];
  };
  const finish = (end: number): StringLiteral => {
    flushBytes();
    offsets.push(Math.max(start + 1, end - 1));
    return { value, end, offsets, fault };
  };

  for (;;) {
    const character = source[position];
    if (character === undefined || character === "\n") {
      fault = { message: "unterminated string", start, end: position };
      return finish(position);
    }
    if (character === '"') return finish(position + 1);
    if (character !== "\\") {
      flushBytes();
      append(character, position);
      position += 1;
      continue;
    }
    const escape = readEscape(source, position);
    if (escape.kind === "byte" && escape.value > 0x7f) {
      if (bytes.length === 0) bytesStart = position;
      bytes.push(escape.value);
    } else {
      flushBytes();
      append(escape.kind === "byte" ? String.fromCharCode(escape.value) : escape.text, position);
      if (escape.kind === "unknown") {
        const text = source.slice(position, escape.end);
        const isHexadecimal = text === "\\x";
        fault ??= {
          message: isHexadecimal
            ? "invalid hex escape sequence"
            : `invalid escape character '${text}'`,
          start: isHexadecimal ? escape.end : position + 1,
          end: escape.end + (isHexadecimal ? 1 : 0),
        };
      }
    }
    position = escape.end;
  }
}

type Escape =
  | { readonly kind: "byte"; readonly value: number; readonly end: number }
  | { readonly kind: "text" | "unknown"; readonly text: string; readonly end: number };

function readEscape(source: string, start: number): Escape {
  const numeric = /^\\(?:x([0-9a-fA-F]{1,2})|([0-3]?[0-7]{1,2}))/.exec(
    source.slice(start, start + 4),
  );
  if (numeric !== null) {
    const [text, hexadecimal, octal] = numeric;
    const value = hexadecimal === undefined ? parseInt(octal ?? "0", 8) : parseInt(hexadecimal, 16);
    return { kind: "byte", value, end: start + text.length };
  }
  const letter = source[start + 1] ?? "";
  const text = simpleEscapes[letter];
  const end = start + 1 + (letter === "\n" ? 0 : letter.length);
  return text === undefined
    ? { kind: "unknown", text: letter === "\n" ? "" : letter, end }
    : { kind: "text", text, end };
}
