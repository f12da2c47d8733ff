import { expect, test } from "@jest/globals";
import { type Diagnostic } from "../../src/language/diagnostic.js";
import { renderDiagnostic } from "../../src/language/render-diagnostic.js";

function render(source: string, part: Partial<Diagnostic>): string {
  const diagnostic: Diagnostic = {
    severity: "error",
    code: "syntax",
    span: { start: 0, end: 1 },
    message: "it is wrong",
    hints: [],
    ...part,
  };
  return renderDiagnostic(diagnostic, { source, sourceName: "stdin" });
}

test("a fault is shown below its line, with its columns", () => {
  expect(render("BEGIN { foo(); }", { span: { start: 8, end: 13 }, hints: ["Leave it."] })).toBe(
    [
      "stdin:1:9-14: ERROR: it is wrong",
      "BEGIN { foo(); }",
      "        ~~~~~",
      "HINT: Leave it.",
      "",
    ].join("\n"),
  );
});

test("tabs before it are kept, so that the marker stands below the text", () => {
  expect(render("BEGIN {\n\t\tfoo();\n}", { span: { start: 10, end: 13 } })).toBe(
    ["stdin:2:3-6: ERROR: it is wrong", "\t\tfoo();", "\t\t~~~", ""].join("\n"),
  );
});

test("an empty span has a marker too", () => {
  expect(render("BEGIN {", { span: { start: 7, end: 7 } })).toBe(
    ["stdin:1:8-9: ERROR: it is wrong", "BEGIN {", "       ~", ""].join("\n"),
  );
});

test("a fault over several lines names the first and the last", () => {
  expect(render("while (1) {\n}\n", { span: { start: 0, end: 13 }, severity: "warning" })).toBe(
    ["stdin:1-2: WARNING: it is wrong", "while (1) {", "~~~~~~~~~~~", ""].join("\n"),
  );
});

test("the place that it has to do with is shown after it", () => {
  const related = [{ span: { start: 0, end: 2 }, message: "@a is that" }];
  expect(render("@a @b", { span: { start: 3, end: 5 }, related })).toBe(
    [
      "stdin:1:4-6: ERROR: it is wrong",
      "@a @b",
      "   ~~",
      "stdin:1:1-3: NOTE: @a is that",
      "@a @b",
      "~~",
      "",
    ].join("\n"),
  );
});
