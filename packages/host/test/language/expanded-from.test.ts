import { expect, test } from "@jest/globals";
import { check } from "../../src/language/check/check.js";
import { parse, locateDiagnostic } from "../../src/language/parse.js";
import { renderDiagnostic } from "../../src/language/render-diagnostic.js";
import { type SourceFiles } from "../../src/language/syntax/source-set.js";
import { describeTarget } from "./check/check-source.js";

const library = "\nmacro pair(x) { x + (1, 2) }";

const files: SourceFiles = {
  imported: (path) => [{ path, text: library }],
  included: () => undefined,
};

/** The first line of each place that is shown. */
function shown(source: string): string[] {
  const { program, sources, diagnostics } = parse(source, { files });
  const found =
    program === undefined ? diagnostics : check(program, describeTarget(), new Map()).diagnostics;
  return found.flatMap((one) => {
    const text = renderDiagnostic(locateDiagnostic(one, sources), { source, sourceName: "stdin" });
    return text.split("\n").filter((line) => / (ERROR|WARNING): /.test(line));
  });
}

test("operands that do not go together are shown each with its type", () => {
  expect(shown('BEGIN { if (1 == "a") { } }')).toEqual([
    "stdin:1:13-21: ERROR: Type mismatch for '==': comparing int8 with string[2]",
    "stdin:1:13-14: ERROR: left (int8)",
    "stdin:1:18-21: ERROR: right (string[2])",
  ]);
});

test("what is wrong in a macro is shown there, and where it is used", () => {
  expect(shown("macro f() { $n } macro g() { f() } BEGIN { print(g()); }")).toEqual([
    "stdin:1:13-15: ERROR: Undefined or undeclared variable: $n",
    "stdin:1:30-33: ERROR: expanded from",
    "stdin:1:50-53: ERROR: expanded from",
  ]);
});

test("each use of a macro is shown", () => {
  expect(shown("macro f() { $n } BEGIN { f(); f(); }")).toEqual([
    "stdin:1:13-15: ERROR: Undefined or undeclared variable: $n",
    "stdin:1:26-29: ERROR: expanded from",
    "stdin:1:13-15: ERROR: Undefined or undeclared variable: $n",
    "stdin:1:31-34: ERROR: expanded from",
  ]);
});

test("what is wrong in an argument is shown there, and where the macro names it", () => {
  expect(shown("macro f(x) { print(x) } BEGIN { f(1 + $n); }")).toEqual([
    "stdin:1:39-41: ERROR: Undefined or undeclared variable: $n",
    "stdin:1:20-21: ERROR: expanded from",
    "stdin:1:33-42: ERROR: expanded from",
  ]);
});

test("a value that nobody wants is that of the macro's use", () => {
  expect(shown("macro f(x) { x + 1 } BEGIN { f(1); }")).toEqual([
    "stdin:1:30-34: WARNING: Return value discarded.",
  ]);
});

test("a macro of another file is shown in that file", () => {
  expect(shown('import "lib.bt"; BEGIN { print(pair(1)); }')).toEqual([
    "lib.bt:2:17-27: ERROR: Type mismatch for '+': comparing int8 with (int8,int8)",
    "stdin:1:37-38: ERROR: left (int8)",
    "lib.bt:2:21-27: ERROR: right ((int8,int8))",
    "stdin:1:32-39: ERROR: expanded from",
  ]);
});
