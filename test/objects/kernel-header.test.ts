import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect } from "@jest/globals";
import { openBtf } from "../../packages/host/src/btf/btf.js";
import { formatCAssertions, formatCTypes } from "../../packages/host/src/btf/c-declarations.js";
import { requiresCommand } from "../support/requires.js";

const folder = mkdtempSync(join(tmpdir(), "sonde-header-"));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

requiresCommand("clang", "clang", "btf")(
  "clang gives all types of this kernel the sizes and offsets that its BTF has",
  () => {
    const types = openBtf(readFileSync("/sys/kernel/btf/vmlinux"));
    const [header, assertions] = [formatCTypes(types), formatCAssertions(types)];
    expect(assertions.length).toBeGreaterThan(10_000);
    const path = join(folder, "vmlinux.c");
    // The one that is wrong is the only one that clang complains of.
    const wrong = '_Static_assert(sizeof(struct list_head) == 17, "a planted fault");\n';
    writeFileSync(path, [...header, ...assertions, wrong].join(""));
    const { status, stderr } = spawnSync("clang", ["-target", "bpf", "-fsyntax-only", path], {
      encoding: "utf8",
    });
    expect(status).toBe(1);
    expect(stderr).toContain("a planted fault");
    expect(stderr).toContain("1 error generated");
  },
  120_000,
);
