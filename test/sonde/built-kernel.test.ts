import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect } from "@jest/globals";
import { parseKernelSymbols } from "../../packages/host/src/symbols/kernel-symbols.js";
import { requiresCommand } from "../support/requires.js";
import { runSonde } from "../support/sonde.js";

const withLinker = requiresCommand("gcc", "gcc", "btf", "raw_tracepoint", "ringbuf", "program_run");

const folder = mkdtempSync(join(tmpdir(), "sonde-built-kernel-"));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const source = `
void schedule(void) { __asm__(".fill 64, 1, 0"); }
void known_to_the_file_alone(void) { __asm__(".fill 64, 1, 0"); }
`;

/** What passes for the running kernel as it was built: two functions, the types, the build id. */
function linkKernel(name: string, buildId: string): string {
  const path = join(folder, name);
  const code = join(folder, "kernel.c");
  const types = join(folder, "types.btf");
  writeFileSync(code, source);
  writeFileSync(types, readFileSync("/sys/kernel/btf/vmlinux"));
  const how = ["-nostdlib", "-static", "-no-pie", "-Wl,-e,schedule"];
  execFileSync("gcc", [code, "-o", path, ...how, `-Wl,--build-id=0x${buildId}`]);
  execFileSync("objcopy", ["--add-section", `.BTF=${types}`, path]);
  return path;
}

/** How far behind schedule() the other function was linked. */
function distance(path: string): bigint {
  const listed = execFileSync("nm", [path], { encoding: "utf8" });
  const addressOf = (name: string): bigint =>
    BigInt(`0x${new RegExp(`^([0-9a-f]+) T ${name}$`, "m").exec(listed)?.[1] ?? ""}`);
  return addressOf("known_to_the_file_alone") - addressOf("schedule");
}

withLinker(
  "symbols come from the kernel that the user has built, moved to where it runs",
  async () => {
    const symbols = parseKernelSymbols(readFileSync("/proc/kallsyms"));
    const [schedule = 0n, read = 0n] = ["schedule", "vfs_read"].map((name) =>
      symbols.addressOf(name),
    );
    const info = await runSonde(["info", "--json"]);
    const [, buildId = ""] = /"buildId": "([0-9a-f]+)"/.exec(info.output) ?? [];
    const name = async (path: string): Promise<string> => {
      const place = schedule + distance(path) + 4n;
      const program = `BEGIN { printf("%s %s\\n", ksym(${place}), ksym(${read})); exit(); }`;
      const { output, errors } = await runSonde(["trace", "-q", "--vmlinux", path, "-e", program]);
      return output.trim() + errors;
    };
    expect(await name(linkKernel("same", buildId))).toBe("known_to_the_file_alone vfs_read");
    const other = await name(linkKernel("other", "1234"));
    expect(other).not.toContain("known_to_the_file_alone");
    expect(other).toContain(" vfs_read");
  },
);
