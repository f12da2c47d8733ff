import { randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type RunningCommand, startAgent } from "../support/processes.js";
import { requiresFeature } from "../support/requires.js";
import { type Outcome, runSonde } from "../support/sonde.js";

const tracing = requiresFeature("raw_tracepoint", "ringbuf");

const folder = mkdtempSync(join(tmpdir(), "sonde-named-"));
const keyFile = join(folder, "key");
writeFileSync(keyFile, randomBytes(32).toString("hex"), { mode: 0o600 });
const config = join(folder, "config.json");
const env = { ...process.env, SONDE_CONFIG: config };

let agent: RunningCommand | undefined;
let address = "";
beforeAll(async () => {
  const listening = await startAgent("--listen", "ws://127.0.0.1:0", "--key-file", keyFile);
  agent = listening.agent;
  address = listening.target;
});
afterAll(() => {
  agent?.kill("SIGKILL");
  rmSync(folder, { recursive: true });
});

async function sonde(...args: string[]): Promise<Outcome> {
  return await runSonde(args, { env });
}

const hello = ["trace", "-e", 'BEGIN { printf("hello\\n"); exit(); }'];

describe("sonde targets", () => {
  tracing("keeps a target under a name, with the key that it needs", async () => {
    expect(await sonde("targets", "add", "board", address, "--key-file", keyFile)).toMatchObject({
      code: 0,
      output: "",
    });
    expect(await sonde(...hello, "-t", "board")).toMatchObject({
      code: 0,
      output: expect.stringContaining("hello"),
    });
    const chosen = await runSonde(hello, { env: { ...env, SONDE_TARGET: "board" } });
    expect(chosen.output).toContain("hello");
  });

  tracing("uses the default where no target is given", async () => {
    await sonde("targets", "add", "nowhere", "unix:/nonexistent/sock", "--default");
    expect((await sonde(...hello)).code).toBe(2);
    await sonde("targets", "default", "board");
    expect((await sonde("targets", "default")).output).toBe("board\n");
    expect((await sonde(...hello)).output).toContain("hello");
    const listed = await sonde("targets", "list");
    expect(listed.output).toBe(`* board    ${address}\n  nowhere  unix:/nonexistent/sock\n`);
  });

  tracing("can keep the key itself, and does not show it", async () => {
    const add = ["targets", "add", "board", address, "--key-file", keyFile, "--copy-key"];
    expect((await sonde(...add)).errors).toContain("there is a target board already");
    expect((await sonde(...add, "--replace")).code).toBe(0);
    const key = readFileSync(keyFile, "utf8");
    expect(readFileSync(config, "utf8")).toContain(key);
    const listed = await sonde("targets", "list", "--format", "json");
    expect(JSON.parse(listed.output)).toEqual([
      { name: "board", url: address, hasKey: true, isDefault: true },
      { name: "nowhere", url: "unix:/nonexistent/sock", isDefault: false },
    ]);
    expect((await sonde(...hello, "-t", "board")).output).toContain("hello");
  });

  tracing("says of a target what it is, that BPF works, and what took how long", async () => {
    const { code, output } = await sonde("targets", "test", "board");
    expect(code).toBe(0);
    expect(output).toMatch(/^board: ws:/);
    expect(output).toMatch(/link +[\d.]+ ms +reached/);
    expect(output).toMatch(/hello +[\d.]+ ms +sonde-agent \d/);
    expect(output).toMatch(/description +[\d.]+ ms +Linux \d+\.\d+.*, \w+, (32|64) bits/);
    expect(output).toMatch(/features +[\d.]+ ms +BPF works: \d+ of \d+/);
    expect(output).toMatch(/round trip +[\d.]+ ms/);
  });

  test("says when a target is not reached, or not known", async () => {
    expect(await sonde("targets", "test", "nowhere")).toMatchObject({
      code: 2,
      errors: expect.stringContaining("ENOENT"),
    });
    expect(await sonde("targets", "test", "bord")).toMatchObject({
      code: 1,
      errors: expect.stringContaining("did you mean board?"),
    });
  });

  test("keeps nothing that is wrong", async () => {
    const before = readFileSync(config, "utf8");
    const wrong = [
      ["new", "board"],
      ["a:b", "local:"],
      ["new", "ws://b", "--key-file", join(folder, "no-key")],
      ["new", "wss://b", "--pin", "123"],
      ["new", "ws://b", "--copy-key"],
    ];
    for (const args of wrong) expect((await sonde("targets", "add", ...args)).code).toBe(1);
    expect(readFileSync(config, "utf8")).toBe(before);
  });

  test("forgets", async () => {
    expect((await sonde("targets", "remove", "board")).code).toBe(0);
    expect((await sonde("targets", "remove", "board")).code).toBe(1);
    expect((await sonde("targets", "list")).output).toBe("  nowhere  unix:/nonexistent/sock\n");
    await sonde("targets", "default", "nowhere");
    await sonde("targets", "default", "--none");
    expect((await sonde("targets", "default")).output).toBe("");
    expect(existsSync(config)).toBe(true);
  });
});
