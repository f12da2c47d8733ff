import { describe, expect, test } from "@jest/globals";
import { readFileSync } from "node:fs";
import { boards } from "./boards/boards.js";
import { beginMarker, columnOf, endMarker, formatMatrix, titles, withMatrix } from "./boards/readme-matrix.js"; // prettier-ignore
import { resultsTable, type BoardResults } from "./boards/results-table.js";

const passed = { kind: "passed" } as const;
const lacksFentry = {
  kind: "not applicable",
  reason: "fentry: bpf(BPF_LINK_CREATE): ENOTSUPP",
} as const;

const results: readonly BoardResults[] = [
  {
    board: "x86_64-6.1",
    release: "6.1.0-50-cloud-amd64",
    date: "2026-08-05",
    seconds: 61.4,
    findings: [
      { name: "describe", result: passed },
      { name: "fentry", result: passed },
      { name: "kprobe, its arguments", result: passed },
      { name: "kprobe, its arguments (serial)", result: passed },
    ],
  },
  {
    board: "arm64-6.1",
    release: "6.1.0-50-arm64",
    date: "2026-08-05",
    seconds: 80,
    findings: [
      { name: "describe", result: passed },
      { name: "fentry", result: lacksFentry },
      { name: "fexit", result: lacksFentry },
      { name: "kprobe, its arguments", result: { kind: "failed", reason: "two\nlines" } },
      { name: "kretprobe", result: passed },
    ],
  },
];

describe("the table of results", () => {
  test("has a row for each check, a column for each board, and why others than passed did not", () => {
    expect(resultsTable(results, 142)).toBe(`\
[1]  x86_64-6.1  Linux 6.1.0-50-cloud-amd64  61 s
[2]  arm64-6.1   Linux 6.1.0-50-arm64        80 s

                                [1]  [2]
describe                        ok   ok
fentry                          ok   n/a (1)
kprobe, its arguments           ok   FAILED (2)
kprobe, its arguments (serial)  ok   -
fexit                           -    n/a (1)
kretprobe                       -    ok

(1) fentry: bpf(BPF_LINK_CREATE): ENOTSUPP

(2) two
lines

2 boards, 6 passed, 1 failed, 2 not applicable, in 2 min 22 s`);
  });
});

describe("the README's matrix", () => {
  test("has a row for each board, and a column for what checks are about", () => {
    const matrix = formatMatrix(results);
    const rows = matrix
      .split("\n")
      .filter((line) => line.startsWith("|"))
      .map((line) => line.split("|").map((cell) => cell.trim()).slice(1, -1)); // prettier-ignore
    expect(rows[0]).toEqual(titles);
    const cells = rows.slice(2).map((row) => Object.fromEntries(titles.map((title, at) => [title, row[at]]))); // prettier-ignore
    expect(cells).toMatchObject([
      {
        board: "`x86_64-6.1`",
        Linux: "6.1.0-50-cloud-amd64",
        processor: "amd64",
        "serial line": "yes",
        kprobes: "yes",
        "fentry, fexit": "yes",
        uprobes: "-",
      },
      { board: "`arm64-6.1`", kprobes: "FAILED (1)", "fentry, fexit": "no (2)", "the rest": "yes" },
    ]);
    expect(matrix).toContain("found on 2026-08-05: ");
    expect(matrix).toMatch(/\n1\. `two lines`\n2\. `fentry: bpf\(BPF_LINK_CREATE\): ENOTSUPP`$/);
  });

  test("says how many of several checks passed", () => {
    const [, board] = results;
    if (board === undefined) throw new Error("there is no second board");
    const findings = [
      { name: "kprobe", result: passed },
      { name: "kretprobe", result: lacksFentry },
    ];
    expect(formatMatrix([{ ...board, findings }])).toContain(" 1 of 2 (1) ");
  });

  test("takes the first column that fits a check", () => {
    const names = ["uprobe, its arguments (serial)", "raw tracepoint", "kretprobe", "records"];
    expect(names.map(columnOf)).toEqual(["serial line", "tracepoints", "kprobes", "the rest"]);
  });

  test("is put between the README's markers, and nowhere else", () => {
    const readme = `before\n${beginMarker}\nold\n${endMarker}\nafter`;
    expect(withMatrix(readme, "new")).toBe(`before\n${beginMarker}\n\nnew\n\n${endMarker}\nafter`);
    expect(() => withMatrix("without", "new")).toThrow("markers");
  });

  test("stands in the README as it was written: boards that there are, and nothing that failed", () => {
    const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
    const matrix = readme.split(beginMarker)[1]?.split(endMarker)[0] ?? "";
    expect(matrix).toMatch(/^\n\nWhat `npm run test:boards` found on \d{4}-\d\d-\d\d/);
    const [header = "", , ...rows] = matrix.split("\n").filter((line) => line.startsWith("|"));
    expect(header.split("|").map((cell) => cell.trim()).slice(1, -1)).toEqual(titles); // prettier-ignore
    const names = rows.map((row) => /^\| `([^`]+)`/.exec(row)?.[1]);
    expect(names.length).toBeGreaterThan(6);
    for (const name of names) expect(boards.map((board) => board.name)).toContain(name);
    expect(matrix).not.toContain("FAILED");
  });
});
