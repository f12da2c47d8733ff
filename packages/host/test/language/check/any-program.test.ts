import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { type CheckedProgram } from "../../../src/language/check/checked-program.js";
import { anyProgram, anySmallProgram } from "./any-program.js";
import { checkSource } from "./check-source.js";

/** Every object within a value that has a `kind`. */
function* nodesOf(value: unknown): Generator<{ kind: unknown } & Record<string, unknown>> {
  if (typeof value !== "object" || value === null) return;
  if ("kind" in value) yield { ...value };
  for (const child of Object.values(value)) yield* nodesOf(child);
}

function expectSound(program: CheckedProgram): void {
  for (const node of nodesOf(program.probes)) {
    if ("map" in node) expect(program.maps[Number(node["map"])]).toBeDefined();
    if ("record" in node) expect(program.layout.records[Number(node["record"])]).toBeDefined();
    if (node.kind === "binary") {
      // Folded: one side at least is no constant.
      const [left, right] = [node["left"], node["right"]] as { kind: string }[];
      expect([left?.kind, right?.kind]).not.toEqual(["constant", "constant"]);
    }
  }
  for (const probe of program.probes) {
    for (const node of nodesOf([probe.predicate, probe.body])) {
      if ("scratch" in node) expect(probe.scratches[Number(node["scratch"])]).toBeDefined();
    }
  }
}

test("any program is either checked or has faults, without an exception", () => {
  let sound = 0;
  fc.assert(
    fc.property(fc.oneof(anyProgram, anySmallProgram), (source) => {
      const { program, diagnostics } = checkSource(source, { positional: ["3", "text"] });
      for (const { span, message } of diagnostics) {
        expect(span.start).toBeLessThan(span.end);
        expect(span.end).toBeLessThanOrEqual(source.length);
        expect(message).not.toMatch(/(?<!^)undefined(?! behavior)|\[object|NaN/);
      }
      if (program === undefined) {
        expect(diagnostics.length).toBeGreaterThan(0);
      } else {
        sound += 1;
        expectSound(program);
      }
    }),
    { numRuns: 400 },
  );
  // The generator is worth something only while some of its programs are right.
  expect(sound).toBeGreaterThan(5);
});
