import { readFileSync } from "node:fs";
import { execFileSync } from "node:child_process";
import { basename } from "node:path";
import { afterAll, beforeAll, describe, expect } from "@jest/globals";
import { type Program, ProgramError, Target } from "../packages/host/src/index.js";
import { type RunningCommand, startAgent } from "./support/processes.js";
import { requiresCommand } from "./support/requires.js";

/** What this kernel, or the libraries of this machine, no longer have. */
const lacking: Readonly<Record<string, RegExp>> = {
  "runqlen.bt": /'struct cfs_rq' does not contain a field named 'nr_running'/,
  "loads.bt": /avenrun/,
};

let agent: RunningCommand | undefined;
let target: Target | undefined;

beforeAll(async () => {
  if (process.getuid?.() !== 0) return;
  const started = await startAgent("--listen", "ws://127.0.0.1:0");
  agent = started.agent;
  target = await Target.connect(started.target);
});

afterAll(async () => {
  await target?.[Symbol.asyncDispose]();
  agent?.kill();
  await agent?.ended;
});

function toolsOfPackage(): string[] {
  const list = execFileSync("dpkg", ["-L", "bpftrace"], { encoding: "utf8" });
  return list.split("\n").filter((path) => path.endsWith(".bt"));
}

/** Older tools name functions that newer libraries do not have: such a probe is left out. */
async function compile(path: string): Promise<Program | string> {
  if (target === undefined) throw new Error("the agent was not started");
  try {
    const settings = { missing_probes: "ignore" };
    return await target.compile(readFileSync(path, "utf8"), { settings, isUnsafe: true });
  } catch (error) {
    if (error instanceof ProgramError) return error.message;
    throw error;
  }
}

describe("the tools of the bpftrace that is installed", () => {
  const withBpftrace = requiresCommand("bpftrace", "bpftrace", "ringbuf", "program_run");
  withBpftrace(
    "compile, and attach where the kernel has what they probe",
    async () => {
      const tools = toolsOfPackage();
      expect(tools.length).toBeGreaterThan(30);
      let attached = 0;
      for (const path of tools) {
        const name = basename(path);
        const program = await compile(path);
        if (typeof program === "string") {
          expect(`${name}: ${program}`).toMatch(lacking[name] ?? "nothing is wrong with it");
          continue;
        }
        const needs = program.spec.object.attachments.map(({ kind }) => kind);
        if (needs.some((kind) => kind.startsWith("kprobe"))) continue;
        const trace = await target?.start(program);
        await trace?.[Symbol.asyncDispose]();
        attached += 1;
      }
      expect(attached).toBeGreaterThan(15);
    },
    120_000,
  );
});
