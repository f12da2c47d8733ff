import { describe, expect } from "@jest/globals";
import { linux618x64 } from "../../packages/host/test/targets/linux-6.18-x64.js";
import { type MapEntry } from "../../packages/host/src/output/value.js";
import { requiresFeature } from "../support/requires.js";
import { ProgramRun } from "../support/run-program.js";

const testRun = requiresFeature("raw_tracepoint", "program_run", "ringbuf");

/** Runs a BEGIN body and gives the numbers that it leaves in `@r[i]`. */
function results(body: string): Map<bigint, bigint> {
  using run = new ProgramRun(`BEGIN { ${body} }`, linux618x64);
  run.start();
  return new Map(run.map("@r").map((entry) => [firstKey(entry), plain(entry)]));
}

function firstKey({ key }: MapEntry): bigint {
  const [first] = key;
  return first?.kind === "integer" ? first.value : -1n;
}

function plain({ value }: MapEntry): bigint {
  return value.kind === "plain" && value.value.kind === "integer" ? value.value.value : -1n;
}

const numbers = [
  0n,
  1n,
  -1n,
  2n,
  7n,
  -7n,
  10n,
  -10n,
  255n,
  1n << 31n,
  -(1n << 31n),
  0xffff_ffffn,
  1n << 40n,
  (1n << 63n) - 1n,
  -((1n << 63n) - 1n),
];
const signed = (value: bigint): bigint => BigInt.asIntN(64, value);
/** Division, modulo and right shift have no sign, as in bpftrace. */
const unsigned = (value: bigint): bigint => BigInt.asUintN(64, value);

describe("arithmetic in the kernel", () => {
  const operations: readonly {
    readonly text: string;
    readonly compute: (a: bigint, b: bigint) => bigint;
  }[] = [
    { text: "$a + $b", compute: (a, b) => a + b },
    { text: "$a - $b", compute: (a, b) => a - b },
    { text: "$a * $b", compute: (a, b) => a * b },
    { text: "$a / $b", compute: (a, b) => (b === 0n ? 1n : unsigned(a) / unsigned(b)) },
    { text: "$a % $b", compute: (a, b) => (b === 0n ? 1n : unsigned(a) % unsigned(b)) },
    { text: "$a / 10", compute: (a) => unsigned(a) / 10n },
    { text: "$a % 8", compute: (a) => unsigned(a) % 8n },
    { text: "$a / -3", compute: (a) => unsigned(a) / unsigned(-3n) },
    { text: "$a & $b", compute: (a, b) => a & b },
    { text: "$a | $b", compute: (a, b) => a | b },
    { text: "$a ^ $b", compute: (a, b) => a ^ b },
    { text: "$a >> 3", compute: (a) => unsigned(a) >> 3n },
    { text: "$a << 3", compute: (a) => a << 3n },
    { text: "~$a", compute: (a) => ~a },
    { text: "-$a", compute: (a) => -a },
    { text: "$a < $b", compute: (a, b) => (a < b ? 1n : 0n) },
    { text: "$a >= $b", compute: (a, b) => (a >= b ? 1n : 0n) },
    { text: "$a == $b || $a > 5", compute: (a, b) => (a === b || a > 5n ? 1n : 0n) },
    { text: "$a && !$b", compute: (a, b) => (a !== 0n && b === 0n ? 1n : 0n) },
    { text: "$a > $b ? $a : $b", compute: (a, b) => (a > b ? a : b) },
    { text: "(int8)$a", compute: (a) => BigInt.asIntN(8, a) },
    { text: "(uint16)$a", compute: (a) => BigInt.asUintN(16, a) },
    { text: "(int32)$a", compute: (a) => BigInt.asIntN(32, a) },
    { text: "(uint64)$a / 7", compute: (a) => BigInt.asUintN(64, a) / 7n },
    { text: "(uint64)$a >> 1", compute: (a) => BigInt.asUintN(64, a) >> 1n },
  ];
  for (const { text, compute } of operations) {
    testRun(`computes ${text}`, () => {
      const pairs = numbers.flatMap((a, index) => {
        const b = numbers[(index * 7 + 3) % numbers.length] ?? 0n;
        return [
          { a, b },
          { a: b, b: a },
        ];
      });
      const body = pairs
        .map(({ a, b }, index) => {
          // Read back from maps: of constants the compiler would compute it itself.
          return `@a = ${a}; @b = ${b}; $a = @a; $b = @b; @r[${index}] = (int64)(${text});`;
        })
        .join("\n");
      const found = results(`$a = (int64)0; $b = (int64)0; ${body}`);
      pairs.forEach(({ a, b }, index) => {
        expect({ a, b, result: found.get(BigInt(index)) }).toEqual({
          a,
          b,
          result: signed(compute(a, b)),
        });
      });
    });
  }
});

describe("histograms in the kernel", () => {
  /** As language.md gives it, by cases. */
  function bucketOf(value: bigint, bits: bigint): bigint {
    if (value < 0n) return 0n;
    if (value < 1n << bits) return 1n + value;
    const power = BigInt(value.toString(2).length - 1) - bits;
    return ((power + 1n) << bits) + ((value >> power) & ((1n << bits) - 1n)) + 1n;
  }

  for (const bits of [0n, 2n, 5n]) {
    testRun(`put each value into its bucket, ${bits} bits`, () => {
      const values = [0n, 1n, 2n, 3n, 4n, 5n, 63n, 64n, 65n, 1000n, -1n, -(1n << 62n)];
      for (let power = 6n; power < 63n; power += 3n) {
        values.push((1n << power) - 1n, 1n << power, (1n << power) + 1n);
      }
      values.push((1n << 63n) - 1n);
      const body = values
        .map((value, index) => `@v = ${value}; @h[${index}] = hist(@v, ${bits});`)
        .join("\n");
      using run = new ProgramRun(`BEGIN { ${body} }`, linux618x64);
      run.start();
      const found = run.map("@h").map((entry) => {
        const value = entry.value.kind === "histogram" ? entry.value.buckets : [];
        const [filled] = value.filter(({ count }) => count > 0n);
        return [firstKey(entry), filled] as const;
      });
      expect(found).toHaveLength(values.length);
      for (const [index, bucket] of found) {
        const value = values[Number(index)] ?? 0n;
        const low = bucket?.low ?? value;
        const high = bucket?.high ?? value;
        expect({ value, isWithin: low <= value && value <= high }).toEqual({
          value,
          isWithin: true,
        });
        if (bucket?.low !== undefined) {
          expect(bucketOf(low, bits)).toBe(bucketOf(value, bits));
        } else {
          expect(value).toBeLessThan(0n);
        }
      }
    });
  }

  testRun("count in place without keys", () => {
    using run = new ProgramRun(
      "BEGIN { @v = 5; @ = hist(@v); @v = 6; @ = hist(@v); }",
      linux618x64,
    );
    run.start();
    run.start();
    const [entry] = run.map("@");
    expect(entry?.value).toMatchObject({ buckets: [{ low: 4n, high: 7n, count: 4n }] });
  });

  testRun("of equal steps have open ends", () => {
    const values = [-5, -1, 0, 9, 10, 55, 99, 100, 101, 1000];
    const body = values.map((value) => `@v = ${value}; @ = lhist(@v, 0, 100, 10);`).join(" ");
    using run = new ProgramRun(`BEGIN { ${body} }`, linux618x64);
    run.start();
    const [entry] = run.map("@");
    const buckets = entry?.value.kind === "histogram" ? entry.value.buckets : [];
    expect(buckets.filter(({ count }) => count > 0n)).toEqual([
      { low: undefined, high: -1n, count: 2n },
      { low: 0n, high: 9n, count: 2n },
      { low: 10n, high: 19n, count: 1n },
      { low: 50n, high: 59n, count: 1n },
      { low: 90n, high: 99n, count: 1n },
      { low: 100n, high: undefined, count: 3n },
    ]);
  });
});

describe("aggregations in the kernel", () => {
  const cases = [
    { call: "count()", expected: { kind: "number", value: 4n } },
    { call: "sum(@v)", expected: { kind: "number", value: 12n } },
    { call: "min(@v)", expected: { kind: "number", value: -3n } },
    { call: "max(@v)", expected: { kind: "number", value: 9n } },
    { call: "avg(@v)", expected: { kind: "average", count: 4n, total: 12n, average: 3n } },
    { call: "stats(@v)", expected: { kind: "statistics", count: 4n, total: 12n, average: 3n } },
  ];
  for (const { call, expected } of cases) {
    for (const place of ["@", "@[1]"]) {
      testRun(`${place} = ${call}`, () => {
        const body = [4, 9, -3, 2].map((value) => `@v = ${value}; ${place} = ${call};`).join(" ");
        using run = new ProgramRun(`BEGIN { ${body} }`, linux618x64);
        run.start();
        expect(run.map("@").map(({ value }) => value)).toEqual([expected]);
      });
    }
  }

  testRun("that find their map full are counted, the others go on", () => {
    const source = `config = { max_map_keys = 2 }
BEGIN { @[1] = count(); @[2] = count(); @[3] = count(); @[1] = count(); @x[1] = 1; @x[2] = 1; @x[3] = 1; @x[3]++; }`;
    using run = new ProgramRun(source, linux618x64);
    run.start();
    expect(run.map("@")).toHaveLength(2);
    expect(run.losses()).toEqual({ records: 0n, updates: 3n });
  });
});

describe("variables and maps in the kernel", () => {
  const cases = [
    { body: "$x = 5; $y = $x++ + $x; @r[0] = $y; @r[1] = $x;", expected: [11n, 6n] },
    { body: "$x = 5; $y = ++$x + $x--; @r[0] = $y; @r[1] = $x;", expected: [12n, 5n] },
    { body: "@n = 1; @r[0] = @n++; @r[1] = ++@n; @n -= 5; @r[2] = @n;", expected: [1n, 3n, -2n] },
    { body: "@r[0]++; @r[0] += 4; @r[1] -= 2; @r[1] *= 3;", expected: [5n, -6n] },
    {
      body: "@k[1] = 7; delete(@k[1]); @r[0] = @k[1]; @r[1] = (int64)has_key(@k, 1);",
      expected: [0n, 0n],
    },
    { body: "$t = (1, (2, 3)); @t = $t; @r[0] = @t.1.1; @r[1] = $t.0;", expected: [3n, 1n] },
    { body: "$n = 0; unroll(5) { $n += 2; } @r[0] = $n;", expected: [10n] },
    {
      body: "@v = 2; if (@v == 1) { @r[0] = 1; } else if (@v == 2) { @r[0] = 2; } else { @r[0] = 3; }",
      expected: [2n],
    },
    { body: "@v = 1; if (@v == 1) { @r[0] = 4; return; } @r[0] = 5;", expected: [4n] },
    {
      body: '@s = "abc"; $s = "abd"; @r[0] = (int64)(@s == "abc"); @r[1] = (int64)(@s == "ab"); @r[2] = (int64)(@s != $s); @r[3] = strncmp(@s, $s, 2); @r[4] = (int64)(@s == "abcd"); @r[5] = (int64)(@none == "");',
      expected: [1n, 0n, 1n, 0n, 0n, 1n],
    },
    {
      body: '@s = "abcd"; $s = "abcd"; @r[0] = strcontains(@s, "bc") ? 1 : 0; @r[1] = strcontains($s, "cd") ? 1 : 0; @r[2] = strcontains(@s, "ac") ? 1 : 0; @r[3] = strcontains($s, "abcde") ? 1 : 0; @r[4] = !strcontains(@s, "a") ? 1 : 0; @r[5] = strcontains(comm, "") && !strcontains(comm, "no\\xff") ? 1 : 0;',
      expected: [1n, 1n, 0n, 0n, 0n, 1n],
    },
    {
      body: '@m["a", 1] = 1; @m["a", 2] = 2; $k = "a"; @r[0] = @m[$k, 2]; @r[1] = @m["b", 1];',
      expected: [2n, 0n],
    },
  ];
  for (const { body, expected } of cases) {
    testRun(body, () => {
      const source = body.includes("@none") ? `${body} if (@s == "zz") { @none = "x"; }` : body;
      const found = results(source);
      expect(expected.map((_, index) => found.get(BigInt(index)) ?? "absent")).toEqual(expected);
    });
  }
});
