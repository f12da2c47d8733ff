import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, test } from "@jest/globals";
import { engineSource } from "../../scripts/micro/engine-source.js";

const native = join(import.meta.dirname, "../../packages/agent/native");
const folder = mkdtempSync(join(tmpdir(), "sonde-native-"));
const limitMilliseconds = 120_000;

afterAll(() => {
  rmSync(folder, { recursive: true });
});

test(
  "the micro agent's memory and its unpacking stay within their bounds under random use, with sanitizers",
  async () => {
    const program = join(folder, "native-stress");
    const sources = ["heap.c", "unpack.c"].map((name) => join(native, name));
    execFileSync("gcc", [
      ...["-std=gnu11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-O1", "-g"],
      ...["-fsanitize=address,undefined", "-fno-sanitize-recover=all"],
      ...["-isystem", await engineSource(), "-I", native],
      ...[join(import.meta.dirname, "native-stress.c"), ...sources, "-o", program],
    ]);
    execFileSync(program, { stdio: ["ignore", "pipe", "pipe"] });
  },
  limitMilliseconds,
);
