/**
 * The page of a flame graph, in the browser: draws the tree in #data. Built into one script by scripts/bundle.js.
 */
import flamegraph from "d3-flame-graph";
import { select } from "d3-selection";
import styles from "./page.css";
import { element, formatAmount, formatShare, placeStyles } from "./page-parts.js";

const { title, unit, root } = JSON.parse(document.getElementById("data").textContent);
const rowHeight = 18;

const kinds = {
  user: { text: "user code", hue: 28, saturation: 92, lightness: 66 },
  kernel: { text: "kernel code", hue: 206, saturation: 74, lightness: 68 },
  label: { text: "process", hue: 140, saturation: 28, lightness: 72 },
  mark: { text: "between stacks", hue: 0, saturation: 0, lightness: 72 },
};

placeStyles(styles);
const matched = element("output", { id: "matched" });
const search = element("input", {
  id: "search",
  type: "search",
  placeholder: "search (regular expression)",
  autocomplete: "off",
  spellcheck: false,
  ariaLabel: "search frames",
});
const reset = element("button", { id: "reset", type: "button", disabled: true }, "reset zoom");
const turn = element("button", { id: "turn", type: "button" }, "turn over");
const form = element("form", {}, search, matched, reset, turn);
const details = element("footer", { id: "details" });
const place = element("div", { id: "chart" });
document.body.append(
  element(
    "header",
    {},
    element("h1", {}, title),
    element("span", { id: "total" }, formatAmount(root.value, unit)),
    legend(root),
    form,
  ),
  element("main", {}, place),
  details,
);

let shown = root.value;
const chart = flamegraph()
  .width(place.clientWidth)
  .cellHeight(rowHeight)
  .transitionDuration(matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 250)
  .minFrameSize(0.6)
  .resetHeightOnZoom(false)
  .selfValue(false)
  .sort(true)
  .setColorMapper(colorOf)
  .label(describe)
  .setSearchMatch(matches)
  .setSearchHandler((_results, sum, total) => {
    matched.textContent = `${formatShare(sum, total)} matched`;
  })
  .setDetailsHandler((text) => {
    details.textContent = text ?? hint();
  })
  .onClick((node) => {
    shown = node.data.value;
    reset.disabled = node.parent === null;
  });
select(place).datum(root).call(chart);
details.textContent = hint();
showRoot();

let pattern;
search.addEventListener("input", () => {
  pattern = patternOf(search.value);
  if (pattern === undefined) {
    chart.clear();
    matched.textContent = search.value === "" ? "" : "no pattern yet";
  } else chart.search(search.value);
});
form.addEventListener("submit", (event) => event.preventDefault());
reset.addEventListener("click", () => chart.resetZoom());
turn.addEventListener("click", () => {
  chart.inverted(!chart.inverted()).update();
  showRoot();
});
addEventListener("resize", () => chart.width(place.clientWidth).update());
addEventListener("keydown", (event) => {
  if (event.key === "/" && document.activeElement !== search) {
    event.preventDefault();
    search.focus();
  }
  if (event.key === "Escape") {
    search.value = "";
    search.dispatchEvent(new Event("input"));
    chart.resetZoom();
  }
});

function patternOf(text) {
  if (text === "") return undefined;
  try {
    return new RegExp(text, "i");
  } catch {
    return undefined;
  }
}

function matches({ data }) {
  return pattern?.test(data.name) === true || (data.file !== undefined && pattern?.test(data.file));
}

/** Frames of a kind are alike; a name always has the same shade. */
function colorOf({ data, highlight }) {
  if (highlight === true) return "hsl(310 85% 72%)";
  if (data.kind === "root") return "hsl(40 10% 78%)";
  const { hue, saturation, lightness } = kinds[data.kind];
  let hash = 0;
  for (const character of data.name) {
    hash = Math.imul(hash ^ character.codePointAt(0), 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  const shade = ((hash >>> 0) % 1000) / 1000 - 0.5;
  const spread = data.kind === "user" ? 36 : 22;
  return `hsl(${hue + shade * spread} ${saturation}% ${lightness + shade * 10}%)`;
}

function describe({ data }) {
  const file = data.file === undefined ? "" : ` (${data.file})`;
  const share = formatShare(data.value, root.value);
  const ofShown =
    shown === root.value ? "" : `, ${formatShare(data.value, shown)} of what is shown`;
  return `${data.name}${file}: ${formatAmount(data.value, unit)}, ${share}${ofShown}`;
}

/** Deep stacks are higher than windows: what all have in common is shown first. */
function showRoot() {
  place.scrollIntoView({ block: chart.inverted() ? "start" : "end" });
}

function hint() {
  return "Click a frame to zoom into it; / searches, Escape shows all again.";
}

function legend(tree) {
  const found = new Set();
  const look = (node) => {
    found.add(node.kind);
    for (const child of node.children) look(child);
  };
  look(tree);
  const entries = Object.entries(kinds).filter(([kind]) => found.has(kind));
  return element(
    "span",
    { id: "legend" },
    ...entries.map(([, { text, hue, saturation, lightness }]) => {
      const sample = element("i", {});
      sample.style.background = `hsl(${hue} ${saturation}% ${lightness}%)`;
      return element("span", {}, sample, text);
    }),
  );
}
