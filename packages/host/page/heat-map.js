/**
 * The page of heat maps, in the browser: draws the histograms in #data over time. Built into one script by scripts/bundle.js.
 */
import { select } from "d3-selection";
import styles from "./page.css";
import { element, formatAmount, formatShare, placeStyles } from "./page-parts.js";

const { title, unit, maps } = JSON.parse(document.getElementById("data").textContent);
const rowHeight = 16;
const margin = { left: 84, bottom: 20 };
/** More are drawn as one. */
const mostColumns = 400;
/** A click shows so much of what was seen before. */
const zoomShare = 0.25;

const times = [...new Set(maps.flatMap(({ columns }) => columns.map(({ at }) => at)))].sort(
  (one, other) => one - other,
);
const placeOf = new Map(times.map((at, place) => [at, place]));
const pause = usualPause(times);
/** What is shown: columns from one place to another, by their times. */
let shown = { from: 0, to: times.length };

placeStyles(styles);
const reset = element("button", { id: "reset", type: "button", disabled: true }, "all of it");
const details = element("footer", { id: "details" });
const main = element("main", {});
const form = element("form", {}, reset);
document.body.append(
  element(
    "header",
    {},
    element("h1", {}, title),
    element("span", { id: "total" }, `${formatAmount(sumOf(maps), "times")} in ${span()}`),
    legend(),
    form,
  ),
  main,
  details,
);
form.addEventListener("submit", (event) => event.preventDefault());
reset.addEventListener("click", () => show({ from: 0, to: times.length }));
addEventListener("resize", draw);
addEventListener("keydown", (event) => {
  if (event.key === "Escape") show({ from: 0, to: times.length });
});
draw();

function show(range) {
  shown = range;
  reset.disabled = range.to - range.from === times.length;
  draw();
}

function draw() {
  details.textContent = hint();
  main.replaceChildren();
  for (const map of maps) drawMap(map);
}

function drawMap({ name, rows, columns }) {
  const cells = cellsOf(columns.filter(({ at }) => isShown(at)));
  const most = Math.max(1, ...cells.map(({ count }) => count));
  const width = Math.max(200, main.clientWidth - margin.left - 32);
  const height = rows.length * rowHeight;
  const place = element("div", { className: "heat" });
  main.append(element("h2", {}, name), place);
  const drawing = select(place)
    .append("svg")
    .attr("width", width + margin.left)
    .attr("height", height + margin.bottom);
  const count = Math.min(mostColumns, shown.to - shown.from);
  const cellWidth = width / count;
  drawing
    .selectAll("text.row")
    .data(rows)
    .join("text")
    .attr("class", "row")
    .attr("x", margin.left - 6)
    .attr("y", (_row, at) => height - at * rowHeight - 4)
    .text((row) => boundText(row));
  drawing
    .selectAll("text.time")
    .data([shown.from, shown.to - 1])
    .join("text")
    .attr("class", (_at, index) => `time ${index === 0 ? "first" : "last"}`)
    .attr("x", (_at, index) => (index === 0 ? margin.left : margin.left + width))
    .attr("y", height + 15)
    .text((at) => timeText(times[at]));
  drawing
    .append("rect")
    .attr("class", "ground")
    .attr("x", margin.left)
    .attr("width", width)
    .attr("height", height);
  drawing
    .selectAll("rect.cell")
    .data(cells)
    .join("rect")
    .attr("class", "cell")
    .attr("x", ({ column }) => margin.left + column * cellWidth)
    .attr("y", ({ row }) => height - (row + 1) * rowHeight)
    .attr("width", Math.max(1, cellWidth - (cellWidth > 4 ? 1 : 0)))
    .attr("height", rowHeight - 1)
    .attr("fill", (cell) => colorOf(cell.count / most))
    .on("mouseenter", (_event, cell) => {
      details.textContent = describe(cell, rows);
    })
    .on("mouseleave", () => {
      details.textContent = hint();
    })
    .on("click", (_event, { first }) => zoomTo(first));
}

/** What is drawn as one: some columns next to each other, of a row. */
function cellsOf(columns) {
  const perCell = Math.max(1, (shown.to - shown.from) / mostColumns);
  const cells = new Map();
  const totals = new Map();
  for (const { at, counts } of columns) {
    const first = placeOf.get(at);
    const column = Math.floor((first - shown.from) / perCell);
    for (const [row, count] of counts) {
      const key = `${column} ${row}`;
      const cell = cells.get(key) ?? { column, row, first, from: at, to: at, count: 0 };
      cell.count += count;
      cell.to = at;
      cells.set(key, cell);
      totals.set(column, (totals.get(column) ?? 0) + count);
    }
  }
  for (const cell of cells.values()) cell.total = totals.get(cell.column);
  return [...cells.values()];
}

function zoomTo(place) {
  const count = Math.max(4, Math.round((shown.to - shown.from) * zoomShare));
  const from = Math.max(0, Math.min(times.length - count, place - Math.floor(count / 2)));
  show({ from, to: Math.min(times.length, from + count) });
}

function isShown(at) {
  return at >= times[shown.from] && at <= times[shown.to - 1];
}

/** By the logarithm: what is rare is seen, too. */
function colorOf(share) {
  const heat = Math.log1p(share * 255) / Math.log1p(255);
  return `hsl(${52 - 52 * heat} 92% ${82 - 44 * heat}%)`;
}

function describe({ from, to, row, count, total }, rows) {
  const when = from === to ? timeText(from) : `${timeText(from)} to ${timeText(to)}`;
  return `${when}, ${rangeText(rows[row])}: ${formatAmount(count, "times")}, ${formatShare(count, total)} then`;
}

function boundText({ low, high }) {
  return low === null ? `below ${formatAmount(high + 1, unit)}` : formatAmount(low, unit);
}

function rangeText({ low, high }) {
  if (low === null) return boundText({ low, high });
  if (high === null) return `from ${formatAmount(low, unit)}`;
  return low === high
    ? formatAmount(low, unit)
    : `${formatAmount(low, unit)} to ${formatAmount(high, unit)}`;
}

function timeText(at) {
  const date = new Date(at);
  const digits = (number, count) => String(number).padStart(count, "0");
  const clock = [date.getHours(), date.getMinutes(), date.getSeconds()];
  const text = clock.map((part) => digits(part, 2)).join(":");
  return pause < 1000 ? `${text}.${digits(date.getMilliseconds(), 3)}` : text;
}

/** The time between two moments, as it most often is. */
function usualPause(moments) {
  const pauses = moments.slice(1).map((at, index) => at - moments[index]);
  pauses.sort((one, other) => one - other);
  return pauses[Math.floor(pauses.length / 2)] ?? 1000;
}

function sumOf(all) {
  let sum = 0;
  for (const { columns } of all) {
    for (const { counts } of columns) for (const [, count] of counts) sum += count;
  }
  return sum;
}

function span() {
  return formatAmount((times.length * pause) / 1000, "seconds");
}

function hint() {
  return "Each column is a moment, from the shortest at the bottom. Click to look closer; Escape shows all again.";
}

function legend() {
  const samples = [0.004, 0.1, 1].map((share) => {
    const sample = element("i", {});
    sample.style.background = colorOf(share);
    return sample;
  });
  return element("span", { id: "legend" }, "seldom", ...samples, "most often");
}
