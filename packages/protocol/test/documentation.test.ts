import { readFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { agentMessage, hostMessage } from "../src/control.js";
import { errorCode, methods, planStep, protocolVersion } from "../src/index.js";

const page = readFileSync(new URL("../../../docs/protocol.md", import.meta.url), "utf8");

/** The values of `kind` in a discriminated union. */
function kindsOf(union: typeof hostMessage | typeof agentMessage | typeof planStep): string[] {
  return union.def.options.flatMap(({ shape }) => shape.kind.def.values);
}

describe("docs/protocol.md", () => {
  const names = [
    ...Object.keys(methods),
    ...Object.keys(errorCode.def.entries),
    ...kindsOf(hostMessage),
    ...kindsOf(agentMessage),
    ...kindsOf(planStep),
  ];
  for (const name of new Set(names)) {
    test(`tells of \`${name}\``, () => {
      expect(page).toContain(`\`${name}\``);
    });
  }

  test("is of this version", () => {
    expect(page).toContain(`Version **${protocolVersion.major}.${protocolVersion.minor}**`);
  });

  test("tells every key of every method's params and result, but those of the target", () => {
    for (const [method, { params, result }] of Object.entries(methods)) {
      const shapes = method === "target.describe" ? [params] : [params, result];
      for (const key of shapes.flatMap((schema) => Object.keys(schema.shape))) {
        expect(page).toMatch(new RegExp(`[\`{ ]${key}[\`}, ]`));
      }
    }
  });

  test("has the example that the tests of the handshake hold", () => {
    const tests = readFileSync(new URL("auth.test.ts", import.meta.url), "utf8");
    const values = [...tests.matchAll(/"([0-9a-f]{64,})"/g)].map((match) => match[1]);
    expect(values).toHaveLength(6);
    for (const value of values) expect(page).toContain(value);
  });
});
