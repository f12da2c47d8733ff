import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "@jest/globals";
import { connect } from "../../packages/host/src/index.js";
import { runProgram } from "../../scripts/debian/run-program.js";
import { engineSource } from "../../scripts/micro/engine-source.js";
import { attackUntil } from "../support/hostile-host.js";
import { RunningCommand } from "../support/processes.js";
import { requiresFeature } from "../support/requires.js";

const root = join(import.meta.dirname, "../..");
const native = join(root, "packages/agent/native");
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

requiresFeature("tracepoint", "ringbuf")(
  "the micro agent's native layer serves traces and hostile hosts with sanitizers",
  async () => {
    const program = join(folder, "sonde-agent");
    await runProgram(process.execPath, [
      join(root, "scripts/build-micro.js"),
      "--sanitized",
      program,
    ]);
    const agent = new RunningCommand(program, ["--listen", "ws://127.0.0.1:0"]);
    try {
      const [, target = "", port = ""] = await agent.says(/^listening on (\S+:(\d+))$/m);
      for (let count = 0; count < 2; count++) {
        await using host = await connect(target);
        const trace = await host.start(
          await host.compile(
            'tracepoint:syscalls:sys_enter_openat { @ = count(); print("seen"); }',
          ),
        );
        await trace.stop();
        await attackUntil(Number(port), 1000);
      }
    } finally {
      agent.kill();
    }
    expect(await agent.ended).toBe(0);
    expect(agent.errors).not.toMatch(/Sanitizer|runtime error/);
  },
  limitMilliseconds,
);
