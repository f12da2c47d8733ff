import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect } from "@jest/globals";
import { requiresCommand, requiresFeature } from "../support/requires.js";
import { runSonde, type Outcome } from "../support/sonde.js";

const tracing = requiresFeature("ringbuf", "program_run");
const listing = requiresCommand("llvm-objdump", "llvm", "ringbuf", "program_run");

const folder = mkdtempSync(join(tmpdir(), "sonde-options-"));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

async function trace(...words: string[]): Promise<Outcome> {
  return await runSonde(["trace", ...words]);
}

describe("options as bpftrace takes them", () => {
  tracing("an empty word is none after -p, -o, -f and --no-feature", async () => {
    const empty = ["-p", "", "-o", "", "-f", "", "--no-feature", ""];
    const { code, output } = await trace(...empty, "-e", "begin { print(1); exit(); }");
    expect({ code, output: output.trim() }).toEqual({ code: 0, output: "1" });
  });

  tracing("--probe-filter is asked of a test's full name, with classes of characters", async () => {
    const source = "test:a { print(1); } test:b1 { print(2); }";
    const { output } = await trace("--probe-filter", "^test:[[:alpha:]]+$", "--test", "-e", source);
    expect(output).toContain("1 test ran");
    const { errors } = await trace("--probe-filter", "[[:what:]]", "--test", "-e", source);
    expect(errors).toBe(
      "ERROR: Invalid --probe-filter regex '[[:what:]]': Invalid character class.\n",
    );
  });

  tracing("--warnings and --no-warnings exclude each other", async () => {
    for (const words of [
      ["--warnings", "--no-warnings"],
      ["--no-warnings", "-k"],
    ]) {
      const { code, errors } = await trace(...words, "-e", "begin { exit(); }");
      expect({ code, errors }).toEqual({
        code: 1,
        errors: "ERROR: USAGE: -k, --warnings conflicts with --no-warnings\n",
      });
    }
  });
});

describe("-l", () => {
  tracing("of a program says what is wrong with its probes, and nothing else", async () => {
    const wrong = await trace("-l", "-e", "software:nosuch:1 { }");
    expect(wrong.code).toBe(1);
    expect(wrong.errors).toContain("stdin:1:1-18: ERROR: nosuch is not a software probe\n");
    const right = await trace("-l", "-e", "software:cpu:1 { print(nosuch); } interval:s:1 { }");
    expect({ code: right.code, output: right.output }).toEqual({
      code: 0,
      output: "software:cpu:\ninterval:s:\n",
    });
  });

  tracing("says when a pattern looks like a file that is not there", async () => {
    const { errors } = await trace("-l", join(folder, "none.bt"));
    expect(errors).toContain("none.bt' is a filename but the file does not exist. Treating '");
  });
});

describe("a file that is asked for", () => {
  tracing("by --aot runs the program with what it is given itself", async () => {
    const file = join(folder, "later");
    const made = await trace(
      "--aot",
      file,
      "-q",
      "-e",
      "begin { print($1); exit(); }",
      "--no-warnings",
    );
    expect({ code: made.code, output: made.output }).toEqual({ code: 0, output: "" });
    const { stdout, stderr } = spawnSync(file, ["-f", "json", "7"], { encoding: "utf8" });
    expect({ stdout, stderr }).toEqual({ stdout: '{"type": "value", "data": 7}\n', stderr: "" });
    const none = await trace("--aot", join(folder, "none"), "-e", "begin { print(nosuch); }");
    expect(none.code).toBe(1);
  });

  listing("by --emit-elf is an object that others read", async () => {
    const file = join(folder, "program.o");
    const source = "begin { @[1] = 1; for ($kv : @) { print($kv.0); } exit(); }";
    const { code, output } = await trace("--emit-elf", file, "-e", source);
    expect({ code, output }).toEqual({ code: 0, output: "1\n\n\n@[1]: 1\n" });
    const { stdout } = spawnSync("llvm-objdump", ["-dr", file], { encoding: "utf8" });
    expect(stdout).toContain("file format elf64-bpf");
    expect(stdout).toContain("Disassembly of section raw_tp:");
    expect(stdout).toMatch(/R_BPF_64_64\s+events/);
    expect((await runSonde(["object", file])).output).toMatch(/^sonde_1_begin +raw_tp/m);
  });
});
