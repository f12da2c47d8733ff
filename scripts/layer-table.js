// Writes the layer table into ARCHITECTURE.md, between its two markers. `--check` only says whether it is up to date.
import { readFileSync, writeFileSync } from "node:fs";
import { layers } from "./layers.js";

const file = new URL("../ARCHITECTURE.md", import.meta.url);
const begin = "<!-- layers: written by scripts/layer-table.js -->";
const end = "<!-- end of layers -->";

/** The table as Markdown, as prettier formats it: one row for each layer, in the order of scripts/layers.js. */
function formatLayerTable() {
  const rows = Object.entries(layers).flatMap(([name, table]) =>
    Object.entries(table).map(([layer, allowed]) => [
      name,
      `\`${layer}\``,
      allowed.length === 0 ? "nothing" : allowed.map((other) => `\`${other}\``).join(" "),
    ]),
  );
  const header = ["package", "layer", "may import, beside itself"];
  const widths = header.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column].length)),
  );
  const line = (cells) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column])).join(" | ")} |`;
  return [line(header), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join(
    "\n",
  );
}

const text = readFileSync(file, "utf8");
const [before, rest] = text.split(begin);
const after = rest?.split(end)[1];
if (after === undefined) {
  console.error("ARCHITECTURE.md: its layer markers are not there");
  process.exit(1);
}
const updated = `${before}${begin}\n\n${formatLayerTable()}\n\n${end}${after}`;
if (updated === text) {
  console.log("ARCHITECTURE.md: layer table is up to date");
} else if (process.argv.includes("--check")) {
  console.error("ARCHITECTURE.md: layer table is out of date: run node scripts/layer-table.js");
  process.exit(1);
} else {
  writeFileSync(file, updated);
  console.log("ARCHITECTURE.md: layer table written");
}
