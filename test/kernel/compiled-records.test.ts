import { describe, expect } from "@jest/globals";
import { linux618x64 } from "../../packages/host/test/targets/linux-6.18-x64.js";
import { type DecodedRecord } from "../../packages/host/src/output/decoded-record.js";
import { type TargetDescription } from "../../packages/host/src/spec/target-description.js";
import { requiresFeature } from "../support/requires.js";
import { ProgramRun } from "../support/run-program.js";

const testRun = requiresFeature("raw_tracepoint", "program_run", "ringbuf");

/**
 * Without helpers that tell user from kernel memory, the old one reads both: so a BEGIN program, which runs in this
 * process, reads this process's strings.
 */
const anyMemory: TargetDescription = {
  ...linux618x64,
  features: linux618x64.features.filter((feature) => feature !== "probe_read_kernel"),
};

/** Text of a record's printf, or of what it holds. */
function textOf(record: DecodedRecord | undefined): string | undefined {
  return record?.kind === "printf" || record?.kind === "join" ? record.text : record?.kind;
}

/** Memory of this process that stays where it is, with NUL-terminated texts in it. */
class Texts {
  readonly #bytes = new Uint8Array(8192);
  readonly #addresses: bigint[];

  constructor(run: { addressOf(bytes: Uint8Array): bigint }, texts: readonly string[]) {
    const start = run.addressOf(this.#bytes);
    let offset = 0;
    this.#addresses = texts.map((text) => {
      this.#bytes.set(new TextEncoder().encode(text), offset);
      const address = start + BigInt(offset);
      offset += text.length + 1;
      return address;
    });
  }

  address(index: number): bigint {
    return this.#addresses[index] ?? 0n;
  }
}

/** A run that only tells addresses: the texts must be placed before the program that names them is compiled. */
function placeTexts(texts: readonly string[]): Texts {
  using anything = new ProgramRun("BEGIN { }", linux618x64);
  return new Texts(anything, texts);
}

describe("strings in records", () => {
  // The first are built in the ring itself, the second are copied into it with their length.
  for (const capacity of [16, 300]) {
    for (const length of [0, 1, capacity - 2, capacity - 1, capacity, capacity + 50]) {
      testRun(`of ${length} bytes where ${capacity} fit`, () => {
        const text = "abcdefghij".repeat(40).slice(0, length);
        const texts = placeTexts([text]);
        const source = `config = { max_strlen = ${capacity} } BEGIN { printf("%s", str((int8 *)${texts.address(0)})); }`;
        using run = new ProgramRun(source, anyMemory);
        run.start();
        const [record] = run.records();
        const kept = text.slice(0, capacity);
        expect(record).toMatchObject({
          args: [{ kind: "string", value: kept, isCut: length >= capacity }],
        });
      });
    }
  }

  testRun("follow each other without a gap, whatever their lengths", () => {
    const all = ["", "one", "a longer one than the others", "x"];
    const texts = placeTexts(all);
    const reads = all.map((_, index) => `str((int8 *)${texts.address(index)})`).join(", ");
    const source = `BEGIN { printf("%s|%s|%s|%s|%s", ${reads}, comm); }`;
    using run = new ProgramRun(source, anyMemory);
    run.start();
    const text = textOf(run.records()[0]) ?? "";
    expect(text.startsWith(`${all.join("|")}|`)).toBe(true);
    expect(text.length).toBeGreaterThan(all.join("|").length + 1);
  });

  testRun("that cannot be read are empty", () => {
    using run = new ProgramRun('BEGIN { printf("<%s>", str((int8 *)1)); }', anyMemory);
    run.start();
    expect(run.records().map(textOf)).toEqual(["<>"]);
  });

  testRun("are as long as they are told to be", () => {
    const texts = placeTexts(["abcdefgh"]);
    const read = `str((int8 *)${texts.address(0)}, @n)`;
    const body = [0, 1, 3, 8, 100].map((n) => `@n = ${n}; printf("%s", ${read});`).join(" ");
    using run = new ProgramRun(`BEGIN { ${body} }`, anyMemory);
    run.start();
    expect(run.records().map(textOf)).toEqual(["", "", "ab", "abcdefg", "abcdefgh"]);
  });

  testRun("come from variables, maps, tuples and choices too", () => {
    const source = `BEGIN {
  $s = "variable"; @m = "map"; $t = (1, "tuple"); @t = (2, "in a map");
  printf("%s %s %s %s %s %s", $s, @m, $t.1, @t.1, @absent, @m == "map" ? "yes" : $s);
  if (@m == "never") { @absent = "x"; }
}`;
    using run = new ProgramRun(source, linux618x64);
    run.start();
    expect(run.records().map(textOf)).toEqual(["variable map tuple in a map  yes"]);
  });

  testRun("are joined up to the null pointer", () => {
    const texts = placeTexts(["ls", "-l", "/tmp"]);
    const pointers = new BigUint64Array([texts.address(0), texts.address(1), texts.address(2), 0n]);
    using any = new ProgramRun("BEGIN { }", linux618x64);
    const address = any.addressOf(new Uint8Array(pointers.buffer));
    using run = new ProgramRun(`BEGIN { join(${address}); join(${address}, "-"); }`, anyMemory);
    run.start();
    expect(run.records().map(textOf)).toEqual(["ls -l /tmp", "ls--l-/tmp"]);
  });
});

describe("values in records", () => {
  testRun("keep their sizes and signs", () => {
    const source =
      'BEGIN { @a = -5; @b = 7; printf("%d %d %lu %d %x", (int8)@a, (uint8)@a, (uint64)@a, @b, (int16)@a); }';
    using run = new ProgramRun(source, linux618x64);
    run.start();
    const [record] = run.records();
    const values =
      record?.kind === "printf"
        ? record.args.map((value) => (value.kind === "integer" ? value.value : undefined))
        : [];
    expect(values).toEqual([-5n, 251n, (1n << 64n) - 5n, 7n, -5n]);
  });

  testRun("a tuple is stored as it is in maps", () => {
    using run = new ProgramRun('BEGIN { print((1, "two", (3, comm))); }', linux618x64);
    run.start();
    expect(run.records()[0]).toMatchObject({
      kind: "value",
      value: {
        elements: [
          { value: 1n },
          { value: "two" },
          { elements: [{ value: 3n }, { kind: "string", isCut: false }] },
        ],
      },
    });
  });

  testRun("what an argument changes is changed though the record is lost", () => {
    const source = 'config = { perf_rb_pages = 1 } BEGIN { printf("%d", @n++); }';
    using run = new ProgramRun(source, linux618x64);
    const times = 1000;
    for (let time = 0; time < times; time++) run.start();
    expect(run.map("@n")).toMatchObject([{ value: { value: { value: BigInt(times) } } }]);
    expect(run.losses().records).toBeGreaterThan(0n);
  });
});

describe("a full ring", () => {
  for (const { name, body } of [
    { name: "fixed size", body: 'printf("%d", @n);' },
    { name: "varying size", body: 'printf("%s %d", str(1), @n);' },
  ]) {
    testRun(`delivers or counts every record of ${name}`, () => {
      const source = `config = { perf_rb_pages = 1 } BEGIN { @n++; ${body} }`;
      using run = new ProgramRun(source, linux618x64);
      let delivered = 0;
      for (let round = 0; round < 5; round++) {
        for (let time = 0; time < 300; time++) run.start();
        delivered += run.records().length;
      }
      const { records: lost } = run.losses();
      expect(lost).toBeGreaterThan(0n);
      expect(BigInt(delivered) + lost).toBe(1500n);
    });
  }

  testRun("has its last eighth left for control records, and counts those beyond it too", () => {
    const source =
      'config = { perf_rb_pages = 1 } BEGIN { if (@n < 500) { printf("%d", @n); } else { print(@n); } @n++; }';
    using run = new ProgramRun(source, linux618x64);
    for (let time = 0; time < 600; time++) run.start();
    const kinds = run.records().map(({ kind }) => kind);
    // 24 bytes each with its header, up to seven eighths of 4096; then 16 each, up to a byte less than all.
    expect(kinds.filter((kind) => kind === "printf")).toHaveLength(150);
    expect(kinds.filter((kind) => kind === "printMap")).toHaveLength(30);
    expect(run.losses().records).toBe(600n - 150n - 30n);
  });

  testRun("without control records is used to its end", () => {
    using run = new ProgramRun(
      'config = { perf_rb_pages = 1 } BEGIN { printf("%d", 1); }',
      linux618x64,
    );
    for (let time = 0; time < 600; time++) run.start();
    expect(run.records()).toHaveLength(255);
  });
});

testRun("exit ends the program behind its record", () => {
  using run = new ProgramRun('BEGIN { printf("a"); exit(3); printf("b"); }', linux618x64);
  run.start();
  expect(run.records()).toMatchObject([
    { kind: "printf", text: "a" },
    { kind: "exit", code: 3 },
  ]);
});

testRun("elapsed counts from the start program, which runs first", () => {
  using run = new ProgramRun("BEGIN { @ = elapsed; }", linux618x64);
  run.start();
  const [entry] = run.map("@");
  const value =
    entry?.value.kind === "plain" && entry.value.value.kind === "integer"
      ? entry.value.value.value
      : -1n;
  expect(value).toBeGreaterThan(0n);
  expect(value).toBeLessThan(1_000_000_000n);
});
