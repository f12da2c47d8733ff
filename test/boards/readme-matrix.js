// The README's table of what works on which kernel, made from what came of the checks.
import { architectures } from "./architectures.js";
import { boardsNamed } from "./boards.js";
import { numberOf } from "./results-table.js";

/** @typedef {import("./results-table.js").BoardResults} BoardResults */

export const beginMarker = "<!-- boards: written by npm run test:boards -- --write-readme -->";
export const endMarker = "<!-- end of boards -->";

/**
 * What the columns are about, and which checks tell: the first that fits a check's name has it.
 *
 * @type {readonly (readonly [title: string, checks: RegExp])[]}
 */
const columns = [
  ["serial line", / \(serial\)$/],
  ["tracepoints", /tracepoint/],
  ["kprobes", /\bk(ret)?probe/],
  ["uprobes", /\bu(ret)?probe/],
  ["fentry, fexit", /\b(fentry|fexit|tp_btf)\b/],
  ["timers, events", /\b(profile|interval|software|hardware)\b/],
  ["stacks", /\bstacks?\b/],
  ["tools", /snoop/],
  ["the rest", /./],
];

export const titles = ["board", "Linux", "processor", ...columns.map(([title]) => title)];

/**
 * As Markdown, as prettier formats it.
 *
 * @param {readonly BoardResults[]} results
 */
export function formatMatrix(results) {
  /** @type {string[]} */
  const notes = [];
  const rows = results.map(({ board, release, findings }) => [
    `\`${board}\``,
    release,
    processorOf(board),
    ...columns.map(([title]) => cell(findings.filter(({ name }) => columnOf(name) === title), notes)), // prettier-ignore
  ]);
  const dates = [...new Set(results.map(({ date }) => date))].sort();
  const caption = `What \`npm run test:boards\` found on ${dates.join(", ")}: \`yes\` where every check passed; else how many of them did, and why others are not for that kernel.`;
  return [
    caption,
    markdownTable([titles, ...rows]),
    ...(notes.length === 0 ? [] : [notes.map((note, index) => `${index + 1}. \`${note}\``).join("\n")]),
  ].join("\n\n"); // prettier-ignore
}

/** The title of the column that a check belongs to. */
export function columnOf(/** @type {string} */ check) {
  return columns.find(([, checks]) => checks.test(check))?.[0];
}

function processorOf(/** @type {string} */ name) {
  const [board] = boardsNamed([name]);
  return board === undefined ? "" : architectures[board.architecture].debian;
}

/**
 * @param {readonly import("./run-checks.js").Finding[]} findings
 * @param {string[]} notes
 */
function cell(findings, notes) {
  if (findings.length === 0) return "-";
  const others = findings.flatMap(({ name, result }) =>
    result.kind === "passed" ? [] : [{ name, result }],
  );
  if (others.length === 0) return "yes";
  const isFailed = others.some(({ result }) => result.kind === "failed");
  const passed = findings.length - others.length;
  const what = isFailed ? "FAILED" : passed === 0 ? "no" : `${passed} of ${findings.length}`;
  const numbers = others.map(({ result }) => numberOf(notes, inOneLine(result.reason)));
  return `${what} (${[...new Set(numbers)].join(", ")})`;
}

function inOneLine(/** @type {string} */ reason) {
  return reason.replaceAll(/\s+/g, " ").replaceAll("`", "'").trim();
}

/** @param {readonly (readonly string[])[]} rows */
function markdownTable(rows) {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(3, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (/** @type {readonly string[]} */ cells) =>
    `| ${cells.map((text, column) => text.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  const [header = [], ...others] = rows;
  return [line(header), line(widths.map((width) => "-".repeat(width))), ...others.map(line)].join(
    "\n",
  );
}

/**
 * The README with this table between its markers. Throws when they are not there.
 *
 * @param {string} readme
 * @param {string} matrix
 */
export function withMatrix(readme, matrix) {
  const [before, rest] = readme.split(beginMarker);
  const after = rest?.split(endMarker)[1];
  if (before === undefined || after === undefined) {
    throw new Error("README.md: its markers for the boards are not there");
  }
  return `${before}${beginMarker}\n\n${matrix}\n\n${endMarker}${after}`;
}
