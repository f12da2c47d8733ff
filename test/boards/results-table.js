/** @typedef {{ board: import("./boards.js").Board, findings: readonly import("./run-checks.js").Finding[] }} BoardResults */

const words = { passed: "passed", failed: "FAILED", "not applicable": "n/a" };

/**
 * A row for each check, a column for each board; below, numbered, why what did not pass did not.
 *
 * @param {readonly BoardResults[]} results
 */
export function resultsTable(results) {
  const names = [...new Set(results.flatMap(({ findings }) => findings.map(({ name }) => name)))];
  /** @type {string[]} */
  const notes = [];
  const rows = names.map((name) => [
    name,
    ...results.map(({ findings }) => {
      const result = findings.find((finding) => finding.name === name)?.result;
      if (result === undefined) return "-";
      if (result.kind === "passed") return words.passed;
      return `${words[result.kind]} (${noteNumber(notes, result.reason)})`;
    }),
  ]);
  const header = ["", ...results.map(({ board }) => board.name)];
  return [formatRows([header, ...rows]), ...notes.map((note, index) => `(${index + 1}) ${note}`)].join("\n\n"); // prettier-ignore
}

/**
 * @param {string[]} notes
 * @param {string} note
 */
function noteNumber(notes, note) {
  if (!notes.includes(note)) notes.push(note);
  return notes.indexOf(note) + 1;
}

/** @param {readonly (readonly string[])[]} rows */
function formatRows(rows) {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
