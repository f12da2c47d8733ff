import { type Diagnostic } from "../diagnostic.js";
import { type Block } from "./ast.js";
import { readToken } from "./lexer.js";
import { type DefinedText } from "./preprocess.js";
import { type Span } from "./span.js";
import { type Token } from "./token.js";

/** More faults than this help nobody. */
const maximumDiagnostics = 20;
/** Brackets, blocks and operators within each other. */
const maximumDepth = 200;
/** Operators of one expression: bounds the depth of its tree, which is walked by recursion. */
const maximumOperators = 500;

/** What `#define` gives names to, and the text in which their meanings stand. */
export interface DefinedTexts {
  readonly source: string;
  readonly texts: ReadonlyMap<string, DefinedText>;
}

/** What a reader is made with beside its text. */
export interface ReaderOptions {
  readonly defined: DefinedTexts;
  /** Gets the faults. */
  readonly diagnostics: Diagnostic[];
  /** Expressions have blocks in them, and blocks expressions: whoever parses the one is told here who parses the other. */
  readonly parseBlock: (reader: TokenReader) => Block | undefined;
}

/** A position in a source text, and the faults found so far: what all parts of the parser share. */
export class TokenReader {
  readonly source: string;
  readonly diagnostics: Diagnostic[];
  readonly #options: ReaderOptions;
  #current: Token;
  #previousEnd = 0;
  #depth = 0;
  #expressionDepth = 0;
  #operators = 0;

  constructor(source: string, options: ReaderOptions) {
    this.source = source;
    this.#options = options;
    this.diagnostics = options.diagnostics;
    this.#current = readToken(source, 0);
  }

  /** What `#define` made of a name, to be read by itself; `undefined` when it is no such name. */
  definition(name: string): TokenReader | undefined {
    const { source, texts } = this.#options.defined;
    const found = texts.get(name);
    if (found === undefined || found.hasParameters) return undefined;
    // What is defined by itself stands for itself.
    const others = new Map(texts);
    others.delete(name);
    const inner = new TokenReader(
      // A backslash at the end of a line continues it.
      source.slice(0, found.body.end).replaceAll(/\\(?=\r?\n)/g, " "),
      { ...this.#options, defined: { source, texts: others } },
    );
    inner.moveTo(found.body.start);
    return inner;
  }

  /** `{ … }`. */
  parseBlock(): Block | undefined {
    return this.#options.parseBlock(this);
  }

  get current(): Token {
    return this.#current;
  }

  /** Where the last token that was taken ends. */
  get previousEnd(): number {
    return this.#previousEnd;
  }

  /** Enough faults were found: the rest of the text is not worth reading. */
  get isExhausted(): boolean {
    return this.diagnostics.length >= maximumDiagnostics;
  }

  /** The token after `token`, which is not taken. */
  after(token: Token): Token {
    return readToken(this.source, token.span.end);
  }

  take(): Token {
    const token = this.#current;
    this.moveTo(token.span.end);
    return token;
  }

  /** Goes on at an offset: for text that is not made of tokens, as probes are. */
  moveTo(offset: number): void {
    this.#previousEnd = offset;
    this.#current = readToken(this.source, offset);
  }

  isSymbol(text: string): boolean {
    return this.#current.kind === "symbol" && this.#current.text === text;
  }

  isWord(text: string): boolean {
    return this.#current.kind === "word" && this.#current.text === text;
  }

  /** Takes the symbol if it is next. */
  takeSymbol(text: string): boolean {
    if (!this.isSymbol(text)) return false;
    this.take();
    return true;
  }

  /** Takes the symbol, or reports that it is missing and gives false. */
  expectSymbol(text: string): boolean {
    if (this.takeSymbol(text)) return true;
    this.unexpected(`'${text}'`);
    return false;
  }

  /** Reports the next token as out of place. */
  unexpected(expected: string): void {
    const token = this.#current;
    if (token.kind === "invalid") {
      this.report(token.place ?? token.span, `syntax: ${token.message}`);
      return;
    }
    this.report(token.span, `syntax: expected ${expected}`);
  }

  /** Reports a fault; what follows from one at the same place is not news. */
  report(span: Span, message: string, hints: readonly string[] = []): void {
    if (this.isExhausted || this.diagnostics.at(-1)?.span.start === span.start) return;
    this.diagnostics.push({ severity: "error", code: "syntax", span, message, hints });
  }

  reportNotSupported(span: Span, message: string, hints: readonly string[] = []): void {
    this.diagnostics.push({ severity: "error", code: "not-supported", span, message, hints });
  }

  /** Runs `parse` one level deeper; `undefined`, and a report, when that is too deep. */
  nest<T>(kind: "expression" | "statement", parse: () => T | undefined): T | undefined {
    if (this.#depth >= maximumDepth) {
      this.report(this.#current.span, "syntax: nested too deeply");
      return undefined;
    }
    if (kind === "expression" && this.#expressionDepth === 0) this.#operators = 0;
    this.#depth += 1;
    this.#expressionDepth += kind === "expression" ? 1 : 0;
    const result = parse();
    this.#depth -= 1;
    this.#expressionDepth -= kind === "expression" ? 1 : 0;
    return result;
  }

  /** Counts one more operator of the expression; false, and a report, when there are too many. */
  countOperator(): boolean {
    this.#operators += 1;
    if (this.#operators <= maximumOperators) return true;
    this.report(this.#current.span, "syntax: the expression is too long");
    return false;
  }

  /** After a fault: to behind the next `;` of this block, or behind a block that ends here, or to its `}`. */
  skipStatement(): void {
    let depth = 0;
    for (;;) {
      if (this.#current.kind === "end") return;
      if (this.isSymbol("}")) {
        if (depth === 0) return;
        depth -= 1;
        this.take();
        if (depth === 0) return;
        continue;
      }
      if (this.isSymbol("{")) depth += 1;
      const token = this.take();
      if (depth === 0 && token.kind === "symbol" && token.text === ";") return;
    }
  }

  /** After a fault outside of blocks: to behind the next block. */
  skipBlock(): void {
    while (this.#current.kind !== "end" && !this.isSymbol("{")) this.take();
    this.skipStatement();
  }
}
