import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect } from "@jest/globals";
import { parseKernelSymbols } from "../../packages/host/src/symbols/kernel-symbols.js";
import { requiresCommand, requiresFeature } from "../support/requires.js";
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

const withNames = requiresFeature("btf", "raw_tracepoint", "ringbuf", "program_run");

withNames("symbols come from a System.map, moved to where the kernel runs", async () => {
  const listed = readFileSync("/proc/kallsyms", "utf8").split("\n");
  const symbols = parseKernelSymbols(Buffer.from(listed.join("\n")));
  /** As if the kernel had been linked 16 MB lower, with another name for a function, and a function of another size. */
  const write = (name: string, moved: bigint): string => {
    const lines = listed.flatMap((line) => {
      const [address = "", type = "", symbol = ""] = line.split(" ");
      if (symbol === "" || symbol.includes("\t")) return [];
      const past = symbol === "_etext" ? moved : 0n;
      const linked = BigInt.asUintN(64, BigInt(`0x${address}`) - 0x100_0000n + past);
      const called = symbol === "vfs_write" ? "known_to_the_file_alone" : symbol;
      return [`${linked.toString(16).padStart(16, "0")} ${type} ${called}\n`];
    });
    const path = join(folder, name);
    writeFileSync(path, lines.join(""));
    return path;
  };
  const [written = 0n, read = 0n] = ["vfs_write", "vfs_read"].map((one) => symbols.addressOf(one));
  const program = `BEGIN { printf("%s %s\\n", ksym(${written + 4n}), ksym(${read})); exit(); }`;
  const run = async (path: string): Promise<{ output: string; errors: string }> =>
    await runSonde(["trace", "-q", "--system-map", path, "-e", program]);
  const same = await run(write("System.map", 0n));
  expect(same.output.trim() + same.errors).toBe("known_to_the_file_alone vfs_read");
  const path = write("other.map", 64n);
  const other = await run(path);
  expect(other.output.trim()).toBe("vfs_write vfs_read");
  expect(other.errors).toContain(
    `system map ${path}: it is of another kernel than the one that runs`,
  );
  writeFileSync(path, "not a table");
  expect((await run(path)).errors).toContain("it has no symbols _stext and _etext");
});
