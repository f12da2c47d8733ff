import { describe, expect, test } from "@jest/globals";
import { readdirSync, readFileSync } from "node:fs";
import { assemble } from "../../src/asm/assemble.js";
import { isError } from "../../src/language/diagnostic.js";
import { defaultOptions } from "../../src/tools/default-options.js";
import { tools } from "../../src/tools/registry.js";
import { type Program, ProgramError } from "../../src/trace/target.js";
import { RecordedTarget } from "../../src/trace/recorded-target.js";
import { lackingFor } from "./lacking-for.js";

/** Recorded from real kernels: test/boards/record-targets.js. */
const folder = new URL("../../../../test/targets/", import.meta.url);
const targets = readdirSync(folder)
  .filter((name) => name.endsWith(".target"))
  .map((name) => name.slice(0, -".target".length));
const scripts = readdirSync(new URL("programs/", folder));

/** Scripts that a kernel which does not tell its types has nothing for. */
const typedScripts: readonly string[] = ["parents.bt", "function-arguments.bt"];

/** The same of tools, which read the kernel's structures. */
const typedTools: readonly string[] = ["exitsnoop", "runqlat", "tcpconnect", "tcplife"];

const opened = new Map<string, Promise<RecordedTarget>>();

async function open(name: string): Promise<RecordedTarget> {
  const target =
    opened.get(name) ?? RecordedTarget.open(new URL(`${name}.target`, folder).pathname);
  opened.set(name, target);
  return await target;
}

function source(script: string): string {
  return readFileSync(new URL(`programs/${script}`, folder), "utf8");
}

/** Why a program does not compile, and what would help; none when it does. */
async function refusalOf(target: RecordedTarget, program: string): Promise<string | undefined> {
  try {
    await target.compile(program);
    return undefined;
  } catch (error) {
    if (!(error instanceof ProgramError)) throw error;
    const errors = error.diagnostics.filter(isError);
    return errors.map(({ message, hints }) => [message, ...hints].join("\n")).join("\n");
  }
}

/** What must hold of whatever is compiled for a target. */
function expectFits(program: Program, target: RecordedTarget): void {
  const { object } = program.spec;
  expect(program.diagnostics.filter(isError)).toEqual([]);
  expect(object.programs.length).toBeGreaterThan(0);
  expect(object.attachments.length + object.runs.length).toBeGreaterThan(0);
  expect(lackingFor(object, target.description)).toEqual([]);
  for (const { instructions } of object.programs) {
    const { bytes } = assemble(instructions, target.description.byteOrder);
    expect(bytes.length % 8).toBe(0);
  }
}

test("kernels of several releases, processors and word sizes are recorded", async () => {
  const all = await Promise.all(targets.map(open));
  const seen = (what: (target: RecordedTarget) => unknown): Set<unknown> => new Set(all.map(what));
  expect(seen(({ description }) => description.architecture).size).toBeGreaterThan(2);
  expect(seen(({ description }) => description.pointerSize)).toEqual(new Set([4, 8]));
  expect(seen(({ description }) => description.hasBtf)).toEqual(new Set([true, false]));
  expect(seen(({ description }) => description.features.includes("ringbuf"))).toContain(true);
  const releases = seen(({ description }) => /^\d+\.\d+/.exec(description.release)?.[0]);
  expect(releases.size).toBeGreaterThan(2);
});

describe.each(targets)("for %s", (name) => {
  test.each(tools)(
    "the tool $name compiles to what its kernel has, or says what would help",
    async (tool) => {
      const target = await open(name);
      const options = { pattern: "t:sched:sched_switch", ...defaultOptions(tool) };
      const { program } = tool.create(options, target.description);
      if (!target.description.hasBtf && typedTools.includes(tool.name)) {
        expect(await refusalOf(target, program)).toContain("--btf FILE or --vmlinux FILE");
      } else {
        expectFits(await target.compile(program), target);
      }
    },
  );

  test.each(scripts)(
    "%s compiles to what its kernel has, or says what would help",
    async (script) => {
      const target = await open(name);
      const { hasBtf, architecture } = target.description;
      const refusal = await refusalOf(target, source(script));
      if (!hasBtf && typedScripts.includes(script)) {
        expect(refusal).toContain("--btf FILE or --vmlinux FILE");
      } else if (architecture === "arm" && script === "memory.bt") {
        expect(refusal).toContain("Thumb");
      } else {
        expect(refusal).toBeUndefined();
        expectFits(await target.compile(source(script)), target);
      }
    },
  );
});
