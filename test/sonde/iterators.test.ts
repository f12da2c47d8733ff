import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmdirSync, unlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect } from "@jest/globals";
import { requiresFeature } from "../support/requires.js";
import { runSonde } from "../support/sonde.js";

const iterating = requiresFeature("ringbuf", "btf", "program_run");

/** bpffs, where links can be pinned. */
const folder = mkdtempSync(join(tmpdir(), "sonde-bpffs-"));
beforeAll(() => {
  expect(spawnSync("mount", ["-t", "bpf", "bpf", folder]).status).toBe(0);
});
afterAll(() => {
  spawnSync("umount", [folder]);
  rmdirSync(folder);
});

describe("a pinned iterator", () => {
  iterating("writes what printf() prints whenever its file is read", async () => {
    const pin = join(folder, "tasks");
    const format = 'printf("%-6s|%5d|%#x\\n", "task", ctx.task.pid, 255)';
    const source = `iter:task:${pin} /ctx.task.pid == ${process.pid}/ { ${format} }`;
    const { code, output } = await runSonde(["trace", "-e", source]);
    expect({ code, output: output.trim() }).toEqual({
      code: 0,
      output: `Program pinned to ${pin}`,
    });
    const line = `task  |${String(process.pid).padStart(5)}|0xff\n`;
    expect(readFileSync(pin, "utf8")).toBe(line);
    expect(readFileSync(pin, "utf8")).toBe(line);
    const again = await runSonde(["trace", "-e", source]);
    expect(again.code).toBe(3);
    expect(again.errors).toContain(`at ${pin}: bpf(BPF_OBJ_PIN): EEXIST`);
    unlinkSync(pin);
  });

  iterating("knows paths", async () => {
    const pin = join(folder, "files");
    const source = `iter:task_file:${pin} { if (ctx.task.pid == ${process.pid}) {
      printf("%d %s\\n", ctx.fd, path(ctx.file.f_path)); } }`;
    expect((await runSonde(["trace", "-e", source])).code).toBe(0);
    expect(readFileSync(pin, "utf8")).toMatch(/^0 \S+$/m);
    unlinkSync(pin);
  });

  iterating("does not speak to a trace that is over", async () => {
    const source = `iter:task:${join(folder, "none")} { print(1); }`;
    const { code, errors } = await runSonde(["trace", "-e", source]);
    expect(code).toBe(1);
    expect(errors).toContain("a pinned iterator's program runs when its file is read");
  });
});

describe("-lv of iterators", () => {
  iterating("shows what ctx has of what they go through", async () => {
    const { output } = await runSonde(["trace", "-lv", "iter:task_file"]);
    expect(output).toBe(
      "iter:task_file\n    struct task_struct * task\n    u32 fd\n    struct file * file\n",
    );
  });
});
