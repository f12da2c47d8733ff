/**
 * Rows of cells as lines of text, columns aligned, the first to the left and the rest to the right.
 *
 * @param {readonly (readonly string[])[]} rows the first is the header
 */
export function formatTable(rows) {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? "").length)),
  );
  const format = (/** @type {readonly string[]} */ row) =>
    widths
      .map((width, column) =>
        column === 0 ? (row[column] ?? "").padEnd(width) : (row[column] ?? "").padStart(width),
      )
      .join("  ")
      .trimEnd();
  const [header = [], ...body] = rows;
  return [format(header), widths.map((width) => "-".repeat(width)).join("  "), ...body.map(format)]
    .map((line) => `  ${line}`)
    .join("\n");
}

/** "1.9 x": how many times the second number the first is. */
export function formatRatio(/** @type {number} */ value, /** @type {number} */ reference) {
  return reference === 0 ? "-" : `${(value / reference).toFixed(2)} x`;
}

/** The middle one of some numbers. */
export function median(/** @type {readonly number[]} */ numbers) {
  const sorted = [...numbers].sort((left, right) => left - right);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
