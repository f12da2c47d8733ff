import { describe, expect, test } from "@jest/globals";
import { queryKey } from "../../../src/language/answers.js";
import { check } from "../../../src/language/check/check.js";
import { parse } from "../../../src/language/parse.js";
import { requirements } from "../../../src/language/requirements.js";
import { describeTarget, faultsOf, requireProgram } from "./check-source.js";
import { printCheckedStatement } from "./print-checked.js";

const probe = "t:syscalls:sys_enter_execve";

describe("emit() with join()", () => {
  test("ends the record with as many strings of one name", () => {
    const { layout } = requireProgram(
      `${probe} { emit("exec", "pid", pid, "argv", join(args.argv, 3)) }`,
    );
    const [record] = layout.records;
    expect(record).toMatchObject({ kind: "event", fieldNames: ["pid", "argv", "argv", "argv"] });
    expect(record).toMatchObject({ fixedSizeBytes: 14 });
  });

  test("gives many strings less room each", () => {
    const { layout } = requireProgram(`${probe} { emit("exec", "argv", join(args.argv, 50)) }`);
    const [record] = layout.records;
    const fields = record !== undefined && "fields" in record ? record.fields : [];
    expect(fields).toHaveLength(50);
    expect(fields[0]?.type).toEqual({ kind: "string", capacityBytes: 560, showsCut: true });
  });

  test("takes at most 64 strings, as a number that is known", () => {
    expect(faultsOf(`${probe} { emit("exec", "argv", join(args.argv, 65)) }`)).toEqual([
      "65: bad-value: join() takes 1 to 64 here, not 65",
    ]);
    expect(faultsOf(`${probe} { emit("exec", "argv", join(args.argv, pid)) }`)).toHaveLength(1);
  });
});

describe("ppid", () => {
  test("reads the parent's process id through the current task", () => {
    const { probes } = requireProgram("BEGIN { @ = ppid }");
    expect(probes[0]?.body.map(printCheckedStatement)).toHaveLength(1);
    expect(
      JSON.stringify(probes[0]?.body, (_, value: unknown) =>
        typeof value === "bigint" ? Number(value) : value,
      ),
    ).toContain('"name":"curtask"');
  });

  test("says what is lacking where the kernel has no types", () => {
    const { program } = parse("BEGIN { @ = ppid }");
    if (program === undefined) throw new TypeError("it does not parse");
    const queries = requirements(program, describeTarget(), new Map());
    const answers = new Map(
      queries.map(
        (query) => [queryKey(query), { kind: "memberOffset", offset: undefined }] as const,
      ),
    );
    expect(check(program, describeTarget(), answers).diagnostics).toMatchObject([
      {
        code: "unknown-name",
        message: "ppid needs the kernel's types (BTF), which this target lacks",
      },
    ]);
  });
});
