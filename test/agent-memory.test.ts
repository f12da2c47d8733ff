import { once } from "node:events";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect } from "@jest/globals";
import { connect, loadObject } from "../packages/host/src/index.js";
import { objectsToTry } from "./objects/embedded-objects.js";
import { compile } from "./support/c-program.js";
import { knownMixSource } from "./support/known-mix.js";
import { nodeAgentCommand, RunningCommand, RunningProgram } from "./support/processes.js";
import { requiresCommand, requiresFeature } from "./support/requires.js";
import { endOf, startSonde } from "./support/sonde.js";

const loading = requiresCommand("execsnoop", "libbpf-tools", "btf", "ringbuf", "tracepoint");
const sampling = requiresFeature("perf_event", "get_stack", "ringbuf");

const folder = mkdtempSync(join(tmpdir(), "sonde-memory-"));
const key = randomBytes(32);
const keyFile = join(folder, "key");
const address = `unix:${join(folder, "agent")}`;
const preload = new URL("support/memory-report.cjs", import.meta.url).pathname;
const agent = new RunningProgram(
  nodeAgentCommand,
  ["--unix", join(folder, "agent"), "--key-file", keyFile],
  { stdio: ["ignore", "pipe", "pipe", "ipc"], nodeOptions: ["--expose-gc", "-r", preload] },
);

beforeAll(async () => {
  writeFileSync(keyFile, key.toString("hex"), { mode: 0o600 });
  await agent.says(/^listening on/m);
});
afterAll(() => {
  agent.kill("SIGKILL");
  rmSync(folder, { recursive: true });
});

/** What the agent's objects hold, on V8's heap and outside it, beside views of buffers that are the kernel's own memory. */
async function heldBytes(): Promise<number> {
  const answer = once(agent.child, "message");
  agent.child.send("measure");
  const [{ heapUsed, external }] = (await answer) as [{ heapUsed: number; external: number }];
  return heapUsed + external - mappedBytes();
}

/** What the agent has mapped of the kernel's maps and rings of events, which Node counts as external. */
function mappedBytes(): number {
  const lines = readFileSync(`/proc/${agent.pid}/maps`, "utf8").split("\n");
  const sizes = lines.map((line) => {
    const form = /^([0-9a-f]+)-([0-9a-f]+) .*anon_inode:(bpf-map|\[perf_event\])/;
    const [, start = "0", end = "0"] = form.exec(line) ?? [];
    return Number.parseInt(end, 16) - Number.parseInt(start, 16);
  });
  return sizes.reduce((sum, size) => sum + size, 0);
}

describe("the agent's memory", () => {
  loading("grows by less than 300 kB for an object, once it has loaded one before", async () => {
    await using target = await connect(address, { key });
    const grown = new Map<string, number>();
    // The first time V8 also makes its own notes on what loads objects (a quarter of a megabyte by its heap snapshots, where
    // its own count of what is used varies by as much).
    for (const name of ["execsnoop", "execsnoop", "opensnoop"]) {
      const found = objectsToTry().find((one) => one.name === name);
      const before = await heldBytes();
      const loaded = await loadObject(target, found?.bytes ?? new Uint8Array(), { name });
      grown.set(`${name}, ${grown.size === 0 ? "first" : "later"}`, (await heldBytes()) - before);
      await loaded.close();
    }
    process.stdout.write(`the agent grew, in bytes: ${JSON.stringify([...grown])}\n`);
    const [first, ...later] = [...grown.values()];
    expect(first).toBeLessThan(500_000);
    for (const one of later) expect(one).toBeLessThan(300_000);
  });

  sampling("grows by less than a megabyte while stacks are sampled and named", async () => {
    const mix = new RunningCommand(compile("known-mix", knownMixSource), []);
    await mix.prints(/^ready$/m);
    const profile = (): RunningCommand =>
      startSonde(
        [
          ...["profile", "-t", address, "--key-file", keyFile, "-v"],
          ...["-p", String(mix.pid), "-F", "199", "3"],
        ],
        { env: { ...process.env, SONDE_CACHE: join(folder, "cache") } },
      );
    const bytesIn = (errors: string): number =>
      Number(/^symbols: (\d+) bytes came from the target$/m.exec(errors)?.[1] ?? Number.NaN);
    try {
      const before = await heldBytes();
      const first = profile();
      await first.prints(/^Sampling/m);
      const grown = (await heldBytes()) - before;
      const cold = bytesIn((await endOf(first, 60_000)).errors);
      const left = (await heldBytes()) - before;
      const warm = bytesIn((await endOf(profile(), 60_000)).errors);
      process.stdout.write(
        `profile: the agent grew by ${grown} bytes, ${left} at the end; names took ${cold} bytes, then ${warm}\n`,
      );
      expect(grown).toBeLessThan(1_000_000);
      expect(left).toBeLessThan(1_000_000);
      expect(cold).toBeGreaterThan(warm);
      expect(warm).toBeLessThan(200_000);
    } finally {
      mix.kill("SIGKILL");
    }
  });
});
