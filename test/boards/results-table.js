/**
 * What came of one board.
 *
 * @typedef {object} BoardResults
 * @property {string} board     its name
 * @property {string} release   of its kernel, "" when it did not start
 * @property {string} date      as 2026-08-05
 * @property {number} seconds   from its start to the last check's end
 * @property {readonly import("./run-checks.js").Finding[]} findings
 */

const words = { passed: "ok", failed: "FAILED", "not applicable": "n/a" };

/**
 * A row for each check, a column for each board by its number; above, what the numbers mean; below, numbered too, why what
 * did not pass did not.
 *
 * @param {readonly BoardResults[]} results
 * @param {number} seconds  that all of it took
 */
export function resultsTable(results, seconds) {
  const names = [...new Set(results.flatMap(({ findings }) => findings.map(({ name }) => name)))];
  /** @type {string[]} */
  const notes = [];
  const rows = names.map((name) => [
    name,
    ...results.map(({ findings }) => {
      const result = findings.find((finding) => finding.name === name)?.result;
      if (result === undefined) return "-";
      if (result.kind === "passed") return words.passed;
      return `${words[result.kind]} (${numberOf(notes, result.reason)})`;
    }),
  ]);
  const legend = results.map(({ board, release, seconds: own }, index) => [
    `[${index + 1}]`,
    board,
    release === "" ? "did not start" : `Linux ${release}`,
    `${own.toFixed(0)} s`,
  ]);
  const header = ["", ...results.map((_, index) => `[${index + 1}]`)];
  return [
    formatRows(legend),
    formatRows([header, ...rows]),
    ...notes.map((note, index) => `(${index + 1}) ${note}`),
    summaryOf(results, seconds),
  ].join("\n\n");
}

/**
 * The number of a note, from 1; a new one is added.
 *
 * @param {string[]} notes
 * @param {string} note
 */
export function numberOf(notes, note) {
  if (!notes.includes(note)) notes.push(note);
  return notes.indexOf(note) + 1;
}

/**
 * @param {readonly BoardResults[]} results
 * @param {number} seconds
 */
function summaryOf(results, seconds) {
  const count = (/** @type {string} */ kind) =>
    results.flatMap(({ findings }) => findings).filter(({ result }) => result.kind === kind).length;
  const counts = `${count("passed")} passed, ${count("failed")} failed, ${count("not applicable")} not applicable`;
  const time = `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
  return `${results.length} boards, ${counts}, in ${time}`;
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
