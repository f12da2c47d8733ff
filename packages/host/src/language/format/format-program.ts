import { type ActionBlock } from "../syntax/ast.js";
import { InternalError } from "../../asm/internal-error.js";
import { formatStatements } from "./format-statements.js";
import { Page } from "./page.js";
import { type Piece, readPieces } from "./source-pieces.js";

/**
 * A program as it would be written by hand: a statement to a line, two spaces a level, one around operators. No token is
 * changed but for a semicolon behind the last statement of a block, and comments stay. `blocks`: its probes, as they were parsed. Its files and those that it imports are not looked into.
 */
export function formatProgram(source: string, blocks: readonly ActionBlock[]): string {
  const page = new Page();
  const own = blocks.filter(({ span }) => span.end <= source.length);
  let position = 0;
  for (const block of [...own].sort((a, b) => a.span.start - b.span.start)) {
    const start = block.attachPoints[0]?.span.start ?? block.span.start;
    formatBetween(source, position, start, page);
    formatProbe(source, block, page);
    position = block.body.span.end;
  }
  formatBetween(source, position, source.length, page);
  const text = page.finish();
  if (tokensOf(text) !== tokensOf(source)) {
    throw new InternalError("the formatted program has other tokens");
  }
  return text;
}

/** Words are told from each other, and all else is compared character by character, save for a last semicolon in a block. */
function tokensOf(source: string): string {
  return (source.match(/\w+|\S/g) ?? []).join(" ").replaceAll(/(?:; )+(?=\})/g, "");
}

function formatProbe(source: string, { attachPoints, body }: ActionBlock, page: Page): void {
  for (const [index, { text, span }] of attachPoints.entries()) {
    const after = attachPoints[index + 1]?.span.start ?? body.span.start;
    const comments = [...readPieces(source, span.end, after)].filter(isComment);
    page.write(index + 1 < attachPoints.length ? `${text},` : text);
    page.endLine();
    if (index + 1 < attachPoints.length) for (const comment of comments) page.append(comment.text);
    page.endLine();
  }
  const end = attachPoints.at(-1)?.span.end ?? body.span.start;
  formatPredicate(source.slice(end, body.span.start), page);
  const pieces = [...readPieces(source, body.span.start, body.span.end)];
  formatStatements(pieces, page, { isProbe: true });
  page.endLine();
}

/** `/condition/`, and comments around it. */
function formatPredicate(text: string, page: Page): void {
  const first = text.indexOf("/");
  const isPredicate = first !== -1 && !/^\/[/*]/.test(text.slice(first));
  if (!isPredicate) {
    formatStatements([...readPieces(text, 0, text.length)], page);
    page.endLine();
    return;
  }
  const last = text.lastIndexOf("/");
  page.write("/");
  formatStatements([...readPieces(text, first + 1, last)], page);
  page.write("/");
  page.endLine();
  formatStatements([...readPieces(text, last + 1, text.length)], page);
  page.endLine();
}

/** What is between probes: settings, types, macros, and probes that a condition leaves out. */
function formatBetween(source: string, start: number, end: number, page: Page): void {
  const pieces = [...readPieces(source, start, end)];
  for (let index = 0; index < pieces.length;) {
    const piece = pieces[index];
    if (piece === undefined) return;
    const next = endOfItem(pieces, index);
    const item = pieces.slice(index, next);
    const isBehind = piece.newlines === 0 && piece.start > 0;
    if (piece.newlines > 1) page.leaveLine();
    if (piece.kind === "comment" && isBehind) page.append(piece.text);
    else if (piece.kind === "directive") page.writeVerbatim(piece.text);
    else if (/^(struct|union|enum|typedef)$/.test(piece.text)) {
      page.writeVerbatim(source.slice(piece.start, item.at(-1)?.end));
    } else if (piece.text !== "config" && item.some(({ text }) => text === "{")) {
      formatBlock(source, item, page);
    } else formatStatements(item, page, piece.text === "config" ? { isProbe: true } : {});
    page.endLine();
    index = next;
  }
  const rest = source.slice(pieces.at(-1)?.end ?? start, end);
  if (rest.split("\n").length > 2) page.leaveLine();
}

/** Its brace is on a line of its own, as a probe's. What is before it is left as it is where it is no macro: a probe. */
function formatBlock(source: string, item: readonly Piece[], page: Page): void {
  const brace = item.findIndex(({ text }) => text === "{");
  const [head, ...rest] = item.slice(0, brace);
  if (head === undefined) return;
  const isMacro = /^(macro|fn)$/.test(head.text);
  if (isMacro) {
    page.write(`${head.text} `);
    formatStatements(rest, page);
  } else page.writeVerbatim(source.slice(head.start, item[brace - 1]?.end));
  page.endLine();
  formatStatements(item.slice(brace), page, isMacro ? {} : { isProbe: true });
}

/** The index behind a comment, a directive, or all up to a semicolon or a closing brace outside braces. */
function endOfItem(pieces: readonly Piece[], start: number): number {
  let depth = 0;
  for (let index = start; index < pieces.length; index++) {
    const { kind, text } = pieces[index] ?? {};
    if (index === start && (kind === "comment" || kind === "directive")) return index + 1;
    if (text === "{") depth++;
    if (text === "}") depth--;
    const isEnd =
      text === ";" ||
      (text === "}" && pieces[index + 1]?.text !== ";" && !isDeclarator(pieces[index + 1]));
    if (depth === 0 && kind === "symbol" && isEnd) return index + 1;
  }
  return pieces.length;
}

/** What may stand behind the brace of a type's definition. */
function isDeclarator(piece: Piece | undefined): boolean {
  return piece?.text === "__attribute__";
}

function isComment({ kind }: Piece): boolean {
  return kind === "comment";
}
