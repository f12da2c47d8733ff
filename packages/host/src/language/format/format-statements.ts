import { type Page } from "./page.js";
import { type Piece } from "./source-pieces.js";

/** Words with a space before a parenthesis that follows, and behind which no operator has two sides. */
const keywords = new Set(["if", "else", "while", "for", "unroll", "return", "let", "in"]);
const loops = new Set(["for", "while", "unroll"]);
/** Whose blocks may be values, save among the statements of a block that is none. */
const choices = new Set(["if", "else"]);
const typeWords =
  /^(u?int(8|16|32|64)(_t)?|struct|union|enum|bool|string|void|char|short|int|long|unsigned|signed|size_t|typeof)$/;
/** Operators that have a space on both sides where they have two. */
const spaced = /^(<<=?|>>=?|[<>=!]=?|==|&&|\|\||[-+*/%&|^]=?|[?:])$/;

interface Frame {
  readonly kind: "block" | "parenthesis" | "bracket";
  readonly isCast?: true;
  /** A block of statements, which is no value. */
  readonly isBody?: true;
}

export interface FormatOptions {
  /** The block that they are is no value: its last statement ends with a semicolon, too. */
  readonly isProbe?: true;
}

/** Writes statements, one to a line, with what stands between them. */
export function formatStatements(
  pieces: readonly Piece[],
  page: Page,
  options: FormatOptions = {},
): void {
  new StatementWriter(pieces, page, options).run();
}

class StatementWriter {
  readonly #pieces: readonly Piece[];
  readonly #page: Page;
  readonly #frames: Frame[] = [];
  /** The last token; none at the start of a statement. */
  #before: Piece | undefined;
  #isBehindCast = false;
  #isPrefix = false;

  /** A loop's word was read, and not yet the block that it runs. */
  #isBeforeBody: boolean;

  constructor(pieces: readonly Piece[], page: Page, { isProbe }: FormatOptions) {
    this.#isBeforeBody = isProbe === true;
    this.#pieces = pieces;
    this.#page = page;
  }

  run(): void {
    for (const [index, piece] of this.#pieces.entries()) {
      const page = this.#page;
      if (piece.newlines > 1 && index > 0 && page.isAtStart) page.leaveLine();
      if (piece.kind === "directive") page.writeVerbatim(piece.text);
      else if (piece.kind === "comment") this.#comment(piece, index);
      else this.#token(piece, index);
    }
  }

  #comment({ text, newlines }: Piece, index: number): void {
    const page = this.#page;
    if (newlines === 0 && index > 0) {
      page.append(text);
      if (text.startsWith("//")) page.endLine();
      return;
    }
    page.endLine();
    if (text.includes("\n")) page.writeVerbatim(text);
    else page.write(text);
    page.endLine();
  }

  #token(piece: Piece, index: number): void {
    const { text, kind } = piece;
    if (kind === "symbol") this.#symbol(piece, index);
    else {
      const isStatement = kind === "word" && this.#before === undefined;
      const isChoice = choices.has(text) && this.#frame?.isBody === true;
      if (isStatement && (loops.has(text) || isChoice)) this.#isBeforeBody = true;
      const isBehindKeyword = this.#before?.kind === "word" && keywords.has(this.#before.text);
      if (isBehindKeyword || (this.#endsOperand() && !this.#isBehindCast)) this.#page.space();
      this.#page.write(text);
    }
    if (kind !== "symbol") this.#isBehindCast = false;
    if (kind !== "symbol") this.#isPrefix = false;
    const endsStatement = (text === ";" || text === "}" || text === "{") && kind === "symbol";
    this.#before = endsStatement ? undefined : piece;
  }

  #symbol(piece: Piece, index: number): void {
    const page = this.#page;
    const { text } = piece;
    const wasBehindCast = this.#isBehindCast;
    this.#isBehindCast = false;
    switch (text) {
      case "{":
        page.space();
        page.write(text);
        this.#frames.push({ kind: "block", ...(this.#isBeforeBody ? { isBody: true } : {}) });
        this.#isBeforeBody = false;
        page.indent();
        if (this.#next(index)?.text !== "}" || this.#pieces[index + 1]?.kind === "comment")
          page.endLine();
        return;
      case "}":
        this.#closeBlock(index);
        return;
      case ";":
        page.write(text);
        if (this.#frame?.kind !== "parenthesis") page.endLine();
        return;
      case ",":
        page.write(text);
        page.space();
        return;
      case "(":
        this.#open(index, wasBehindCast);
        return;
      case "[":
        page.write(text);
        this.#frames.push({ kind: "bracket" });
        return;
      case ")":
      case "]":
        this.#isBehindCast = this.#frames.pop()?.isCast === true;
        page.write(text);
        return;
      case "++":
      case "--":
        this.#isPrefix = !this.#endsOperand();
        page.write(text);
        return;
      default:
        this.#operator(piece, index, wasBehindCast);
    }
  }

  #closeBlock(index: number): void {
    const page = this.#page;
    const isEmpty = !page.isAtStart && this.#before === undefined;
    const isOpen = this.#frame?.isBody === true && this.#before !== undefined;
    if (isOpen && this.#pieces[index - 1]?.kind !== "comment") page.write(";");
    if (!isEmpty) page.endLine();
    page.outdent();
    page.write("}");
    this.#frames.pop();
    const next = this.#next(index);
    if (next?.text === "else") page.space();
    else if (next === undefined || !/^[;,)\].?:]$/.test(next.text)) page.endLine();
  }

  #open(index: number, wasBehindCast: boolean): void {
    const { text = "", kind } = this.#before ?? {};
    const isCall = this.#endsOperand() && !wasBehindCast;
    if (kind === "word" && keywords.has(text)) this.#page.space();
    this.#page.write("(");
    const isCast = !isCall && !(kind === "word" && keywords.has(text) && text !== "return");
    this.#frames.push({
      kind: "parenthesis",
      ...(isCast && this.#isCast(index) ? { isCast: true } : {}),
    });
  }

  #operator({ text }: Piece, index: number, wasBehindCast: boolean): void {
    const page = this.#page;
    const next = this.#next(index)?.text ?? "";
    const hasTwoSides = this.#endsOperand() && !wasBehindCast;
    if (text === "*" && this.#isTypeStar(next)) {
      page.write(text);
      return;
    }
    const isShort = (text === "?" && next === ":") || (text === ":" && this.#before?.text === "?");
    const isField = text === "=" && this.#frame?.kind === "parenthesis";
    if (isShort) this.#writeShort(text);
    else if (spaced.test(text) && hasTwoSides && !isField) {
      page.space();
      page.write(text);
      page.space();
    } else {
      this.#isPrefix = !hasTwoSides;
      if (this.#before?.kind === "word" && keywords.has(this.#before.text)) page.space();
      page.write(text);
    }
  }

  /** Half of `?:`. */
  #writeShort(text: string): void {
    if (text === "?") this.#page.space();
    this.#page.write(text);
    if (text === ":") this.#page.space();
  }

  /** In `struct s *` and `(int32 *)`. */
  #isTypeStar(next: string): boolean {
    const { kind, text } = this.#before ?? {};
    return (kind === "word" || text === "*") && /^([)*=;,:]|)$/.test(next) && !this.#isPrefix;
  }

  /** Whether a parenthesis holds a type, for what is behind it. */
  #isCast(index: number): boolean {
    const inside: Piece[] = [];
    let at = index + 1;
    for (; this.#pieces[at] !== undefined && this.#pieces[at]?.text !== ")"; at++) {
      const piece = this.#pieces[at];
      if (piece === undefined || !/^(word|integer|symbol)$/.test(piece.kind)) return false;
      if (piece.kind === "symbol" && !/^[*[\]]$/.test(piece.text)) return false;
      inside.push(piece);
    }
    const [first] = inside;
    if (first?.kind !== "word") return false;
    if (typeWords.test(first.text) || inside.at(-1)?.text === "*") return true;
    const behind = this.#next(at);
    return inside.length === 1 && behind !== undefined && behind.kind !== "symbol";
  }

  /** Whether a value, or what could be one, is before. */
  #endsOperand(): boolean {
    const { kind, text = "" } = this.#before ?? {};
    if (kind === undefined) return false;
    if (kind === "word") return !keywords.has(text) || text === "let";
    if (kind === "symbol")
      return /^([)\]]|\+\+|--)$/.test(text) && !(this.#isPrefix && /^(\+\+|--)$/.test(text));
    return true;
  }

  get #frame(): Frame | undefined {
    return this.#frames.at(-1);
  }

  /** The next token. */
  #next(index: number): Piece | undefined {
    return this.#pieces.slice(index + 1, index + 8).find(({ kind }) => kind !== "comment");
  }
}
