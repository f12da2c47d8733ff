import { describe, expect, test } from "@jest/globals";
import { parse, locateDiagnostic } from "../../../src/language/parse.js";
import { renderDiagnostic } from "../../../src/language/render-diagnostic.js";
import { type SourceFile, type SourceFiles } from "../../../src/language/syntax/source-set.js";

const texts: Readonly<Record<string, string>> = {
  "/one.bt": 'import "two.bt"; macro one() { two() - 1 } BEGIN { @a = 1 }',
  "/two.bt": 'import "one.bt"; macro two() { 2 } END { @b = 1 }',
  "/bad.bt": "BEGIN {\n  @ = ;\n}",
  "/h.h":
    "#ifndef H\n#define H\n#define FOUR 4\nstruct s { int a; };\nstatic inline int f(int x) { return x; }\nextern int g(struct s *p);\nenum e { FIVE = 5 };\n#endif\n",
};

function file(path: string): SourceFile | undefined {
  const text = texts[path];
  return text === undefined ? undefined : { path, text };
}

const files: SourceFiles = {
  imported: (name) => {
    if (name === "all")
      return [file("/one.bt"), file("/two.bt")].filter((one) => one !== undefined);
    const found = file(`/${name}`);
    return found === undefined ? undefined : [found];
  },
  included: (name) => file(`/${name}`),
};

/** The probes, in their order, and how many macros and types there are. */
function contents(source: string, includes: readonly string[] = []): string {
  const { program, diagnostics } = parse(source, { files, includes });
  if (program === undefined) return diagnostics.map(({ message }) => message).join("; ");
  const probes = program.blocks.flatMap(({ attachPoints }) => attachPoints.map(({ text }) => text));
  return `${probes.join(" ")}, ${program.macros.length} macros, ${program.types.length} types`;
}

describe("import", () => {
  const cases: [string, string][] = [
    ['import "one.bt"; BEGIN { @ = one() }', "END BEGIN BEGIN, 2 macros, 0 types"],
    ['import "one.bt"; import "two.bt"; BEGIN { @ = 1 }', "END BEGIN BEGIN, 2 macros, 0 types"],
    ['import "all"; BEGIN { @ = 1 }', "END BEGIN BEGIN, 2 macros, 0 types"],
    ['import "h.h"; BEGIN { @ = FOUR + FIVE }', "BEGIN, 0 macros, 2 types"],
    ['#include "h.h"\n#if FOUR == 4\nBEGIN { @ = FOUR }\n#endif', "BEGIN, 0 macros, 2 types"],
    ["#include <linux/fs.h>\nBEGIN { @ = 1 }", "BEGIN, 0 macros, 0 types"],
    ['import "none.bt"; BEGIN { @ = 1 }', "Unable to find suitable path for import"],
  ];
  test.each(cases)("%s", (source, expected) => {
    expect(contents(source)).toBe(expected);
  });

  test("headers that are asked for come first, and must be there", () => {
    expect(contents("BEGIN { @ = FOUR }", ["h.h"])).toBe("BEGIN, 0 macros, 2 types");
    expect(contents("BEGIN { @ = 1 }", ["none.h"])).toBe("'none.h' file not found");
  });

  test("what is wrong in a file is shown there", () => {
    const { diagnostics, sources } = parse('import "bad.bt"; BEGIN { @ = 1 }', { files });
    const [text] = diagnostics.map((one) =>
      renderDiagnostic(locateDiagnostic(one, sources), { source: "", sourceName: "stdin" }),
    );
    expect(text).toBe("/bad.bt:2:7-8: ERROR: syntax: expected expression\n  @ = ;\n      ~\n");
  });
});
