import fc from "fast-check";
import { describe, expect, test } from "@jest/globals";
import {
  type Checked,
  checkAgentMessage,
  checkHostMessage,
  checkParams,
  checkResult,
} from "../../packages/protocol/src/checks.js";
import { CompactChecks } from "../../packages/protocol/src/compact-checks.js";
import { agentMessage, hostMessage } from "../../packages/protocol/src/control.js";
import { type MethodName, methods } from "../../packages/protocol/src/methods.js";
import { arbitraryOf } from "../../packages/protocol/test/schema-arbitrary.js";
import { Shapes } from "../../scripts/micro/shapes.js";

// What the programs check by is made of the zod schemas: here both answer to the same values.

/** For each schema; npm run fuzz comes to more than a million values. */
const runs = 200 * Number(process.env["SONDE_FUZZ_SCALE"] ?? 1);

/** A schema, and what zod says by it: of a host's messages, or of an agent's, in which unknown keys are nobody's business. */
interface Case {
  readonly schema: Parameters<typeof arbitraryOf>[0];
  readonly isLoose: boolean;
  readonly check: (value: unknown) => Checked<unknown>;
}

const cases: Readonly<Record<string, Case>> = {
  "host's message": { schema: hostMessage, isLoose: false, check: checkHostMessage },
  "agent's message": { schema: agentMessage, isLoose: true, check: checkAgentMessage },
  ...Object.fromEntries(
    Object.entries(methods).flatMap(([name, { params, result }]): [string, Case][] => {
      const method = name as MethodName;
      return [
        [
          `${name}: params`,
          { schema: params, isLoose: false, check: (value) => checkParams(method, value) },
        ],
        [
          `${name}: result`,
          { schema: result, isLoose: true, check: (value) => checkResult(method, value) },
        ],
      ];
    }),
  ),
};

const shapes = new Shapes();
for (const [name, { schema }] of Object.entries(cases)) shapes.add(name, schema);
const compact = new CompactChecks(
  Object.fromEntries(
    Object.entries(shapes.shapes).map(([name, shape]) => [name, JSON.stringify(shape)]),
  ),
  shapes.patterns,
);

/** What a message can hold, right or wrong. */
const leaves = fc.oneof(
  fc.constantFrom<unknown>(null, undefined, true, 0, -0, -1, 1.5, 4095, 4096, 0xffff, 0x1_0000),
  fc.constantFrom<unknown>(0xffff_ffff, 2 ** 32, 2 ** 53, -(2 ** 53), 1e300, NaN, Infinity),
  fc.constantFrom<unknown>(
    0n,
    -1n,
    2n ** 64n - 1n,
    2n ** 64n,
    "",
    "/",
    "a b",
    "/a\0",
    "x".repeat(65),
  ),
  fc.constantFrom<unknown>(
    "request",
    "cancel",
    "createMap",
    "each",
    "deflate",
    "struct",
    "é".repeat(64),
  ),
  fc.constantFrom<unknown>(
    [],
    {},
    { step: -1 },
    { step: 0 },
    { handle: 1, step: 1 },
    { length: 3 },
  ),
  fc.constantFrom(new Uint8Array(0), new Uint8Array(16), new Uint8Array(32), new Uint8Array(33)),
  fc.string({ unit: "binary", maxLength: 70 }),
  fc.integer(),
  fc.bigInt(),
);
const anything = fc.oneof(
  leaves,
  fc.array(leaves, { maxLength: 3 }),
  fc.dictionary(fc.constantFrom("kind", "id", "map", "handle", "step", "path", "x"), leaves),
);

/** A copy of a value with something of it, at whatever depth, replaced, left out or added. */
function spoil(value: unknown, choices: readonly number[], replacement: unknown): unknown {
  const [choice = 0, ...rest] = choices;
  if (Array.isArray(value)) {
    const copy: unknown[] = [...(value as readonly unknown[])];
    const index = choice % (copy.length + 1);
    if (choice % 3 === 0) copy.splice(index, 1, replacement);
    else copy[index] = spoil(copy[index], rest, replacement);
    return copy;
  }
  if (typeof value !== "object" || value === null || value instanceof Uint8Array)
    return replacement;
  const entries = Object.entries(value);
  const index = choice % (entries.length + 1);
  const [key = "unheardOf", inner] = entries[index] ?? [];
  if (choice % 5 === 0) return Object.fromEntries(entries.filter(([name]) => name !== key));
  if (choice % 5 === 1) return { ...value, [key]: replacement };
  return { ...value, [key]: spoil(inner, rest, replacement) };
}

function sameAnswer(name: string, { isLoose, check }: Case, value: unknown): void {
  const byZod = check(value);
  const answer = compact.check(name, value);
  // Where no keys are asked for, zod makes an empty object of bytes, too; and it leaves out what nobody asked for.
  const isOther = answer.isRight && (isLoose || value instanceof Uint8Array);
  if (isOther) expect(byZod.isRight).toBe(true);
  else expect(answer).toEqual(byZod);
}

const all = Object.entries(cases);

describe("the programs' checks answer as zod does", () => {
  test.each(all)("to what is right for '%s'", (name, one) => {
    const property = fc.property(arbitraryOf(one.schema), (value) => {
      sameAnswer(name, one, value);
      expect(compact.check(name, value).isRight).toBe(true);
    });
    fc.assert(property, { numRuns: runs / 10 });
  });

  test.each(all)("to what is almost right for '%s'", (name, one) => {
    const choices = fc.array(fc.nat(1000), { minLength: 1, maxLength: 6 });
    const property = fc.property(
      arbitraryOf(one.schema),
      choices,
      anything,
      (value, path, replacement) => {
        sameAnswer(name, one, spoil(value, path, replacement));
      },
    );
    fc.assert(property, { numRuns: runs });
  });

  test.each(all)("to anything, instead of '%s'", (name, one) => {
    const property = fc.property(anything, (value) => {
      sameAnswer(name, one, value);
    });
    fc.assert(property, { numRuns: runs });
  });
});
