import { afterAll, describe, expect, test } from "@jest/globals";
import { RemoteError } from "@sonde/protocol";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TargetError } from "../../src/session/errors.js";
import { NotingFiles } from "../../src/trace/noting-files.js";
import { RecordedFiles } from "../../src/trace/recorded-files.js";
import { RecordedTarget } from "../../src/trace/recorded-target.js";
import { readTargetRecord, writeTargetRecord } from "../../src/trace/target-record.js";
import { ProgramError } from "../../src/trace/target.js";

const folder = mkdtempSync(join(tmpdir(), "sonde-recorded-"));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** Of a real kernel. */
const recorded = new URL("../../../../test/targets/x86_64-6.1.target", import.meta.url).pathname;

describe("a recorded target", () => {
  test("is the same when it has been written and read again, compressed or not", () => {
    const record = readTargetRecord(recorded);
    for (const name of ["board.target", "board.json"]) {
      const path = join(folder, name);
      writeTargetRecord(path, record);
      expect(readTargetRecord(path)).toEqual(record);
    }
    expect(readFileSync(join(folder, "board.json"), "utf8")).toMatch(
      /^\{"format":"sonde target description","version":1,/,
    );
    expect(statSync(join(folder, "board.target")).size).toBeLessThan(200_000);
  });

  test("is refused when it is none", () => {
    const path = join(folder, "none");
    for (const content of ["", "{}", "no json", '{"format":"sonde target description"}']) {
      writeFileSync(path, content);
      expect(() => readTargetRecord(path)).toThrow(TargetError);
    }
    expect(() => readTargetRecord(join(folder, "absent"))).toThrow("ENOENT");
  });

  test("knows what it does not have from what its kernel did not have", async () => {
    const target = await RecordedTarget.open(recorded);
    await expect(target.compile("tracepoint:sched:sched_swich { @ = count(); }")).rejects.toThrow(
      ProgramError,
    );
    const unknown = [
      ["uprobe:/usr/bin/nobody:main { @ = count(); }", "functions of a program"],
      ["kprobe:ceph_* { @ = count(); }", "available_filter_functions"],
      ["fentry:no_such_function { @ = count(); }", "func no_such_function"],
    ] as const;
    for (const [program, what] of unknown) {
      const refusal = expect(target.compile(program)).rejects;
      await refusal.toMatchObject({
        message: expect.stringContaining(what),
        hint: expect.stringContaining("sonde info"),
      });
    }
  });
});

describe("files of a recorded target", () => {
  const board = {
    text: (path: string) =>
      path === "/t/events/a/b/format"
        ? Promise.resolve("name: b\nprint fmt: much\n")
        : Promise.reject(new RemoteError({ code: "forbidden", message: "not this" })),
    lines: (path: string, pattern: string) =>
      Promise.resolve(
        path === "/proc/kallsyms"
          ? ["ffffffff81000000 T vfs_read", "ffffffff81000040 t vfs_write"]
          : [`${path} ${pattern}`],
      ),
    textNow: () => Promise.resolve(undefined),
    resolve: (path: string) => Promise.resolve(path),
    status: () => Promise.resolve(undefined),
    readPart: () => Promise.resolve(new Uint8Array(0)),
    readKept: () => Promise.resolve(new Uint8Array(0)),
    list: () => Promise.resolve([]),
  };

  test("are what was asked, and refused what was", async () => {
    const noting = new NotingFiles(board);
    expect(await noting.text("/t/events/a/b/format")).toContain("print fmt");
    await expect(noting.text("/secret")).rejects.toThrow("not this");
    await noting.lines("/proc/kallsyms", "* ? vfs_*");
    const files = new RecordedFiles(noting.noted);
    expect(await files.text("/t/events/a/b/format")).toBe("name: b\n");
    await expect(files.text("/secret")).rejects.toMatchObject({ code: "forbidden" });
    await expect(files.text("/other")).rejects.toThrow("does not have /other");
    // A narrower pattern is answered, too; where functions were is forgotten.
    expect(await files.lines("/proc/kallsyms", "* ? vfs_r*")).toEqual(["0 T vfs_read"]);
    await expect(files.lines("/proc/kallsyms", "* ? tcp_*")).rejects.toThrow("/proc/kallsyms");
  });
});
