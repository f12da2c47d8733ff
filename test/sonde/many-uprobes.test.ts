import { afterAll, beforeAll, describe, expect } from "@jest/globals";
import { Target, type Program } from "../../packages/host/src/index.js";
import { versionCode } from "../../packages/host/src/text/version-code.js";
import { compile, SteppedProgram } from "../support/c-program.js";
import { requiresCommand } from "../support/requires.js";

/** Many uprobes of a file are one program, attached to all at once (uprobe.multi). */
const joining = requiresCommand("gcc", "gcc", "uprobe", "uprobe_multi", "ringbuf");

const names = ["one", "two", "three", "four", "five"] as const;

/** Each function is called once a step by the main thread, and once by another. */
const source = `
#include <pthread.h>
#include <unistd.h>
${names.map((name, at) => `__attribute__((noinline)) long f_${name}(long n) { asm volatile(""); return n + ${at}; }`).join("\n")}
#define MARK() __asm__ volatile ( \\
  "990: nop\\n" \\
  ".pushsection .note.stapsdt,\\"\\",\\"note\\"\\n" \\
  ".balign 4\\n.4byte 992f-991f, 994f-993f, 3\\n" \\
  "991: .asciz \\"stapsdt\\"\\n" \\
  "992: .balign 4\\n" \\
  "993: .8byte 990b\\n.8byte 0\\n.8byte 0\\n.asciz \\"many\\"\\n.asciz \\"mark\\"\\n.asciz \\"\\"\\n" \\
  "994: .balign 4\\n.popsection\\n")
static void *all(void *n) {
  MARK();
  long sum = 0;
  ${names.map((name) => `sum += f_${name}((long)n);`).join(" ")}
  MARK();
  return (void *)sum;
}
int main(void) {
  char step;
  write(1, "ready\\n", 6);
  while (read(0, &step, 1) == 1) {
    pthread_t thread;
    all((void *)10);
    pthread_create(&thread, 0, all, (void *)20);
    pthread_join(thread, 0);
    write(1, "done\\n", 5);
  }
}`;

let path = "";
let first: Target | undefined;
let second: Target | undefined;

beforeAll(async () => {
  if (process.getuid?.() !== 0) return;
  path = compile("many", source, ["-pthread"]);
  [first, second] = await Promise.all([Target.connect("local:"), Target.connect("local:")]);
});

afterAll(async () => {
  await first?.[Symbol.asyncDispose]();
  await second?.[Symbol.asyncDispose]();
});

/** The maps that a program fills in a step, as it is attached by itself and one by one; both at the same time. */
async function traceBoth(
  program: string,
  options: { readonly isLimited?: boolean } = {},
): Promise<{ readonly joined: unknown; readonly apart: unknown; readonly kinds: string[] }> {
  if (first === undefined || second === undefined) throw new Error("there is no target");
  const workload = await SteppedProgram.start(path);
  const others = await SteppedProgram.start(path);
  const pid = options.isLimited === true ? { pid: workload.pid } : {};
  const together = await first.compile(program, pid);
  const single = await second.compile(program, { ...pid, attachesAsWritten: true });
  await using one = await first.start(together);
  await using other = await second.start(single);
  await workload.step();
  await others.step();
  const [joined, apart] = [await one.stop(), await other.stop()];
  await Promise.all([workload.end(), others.end()]);
  return { joined: joined.maps, apart: apart.maps, kinds: kindsOf(together) };
}

function kindsOf({ spec }: Program): string[] {
  return spec.object.attachments.map(({ kind }) => kind);
}

describe("a wildcard over the functions of a file", () => {
  joining("is one program for each kind of probe, and counts what single ones count", async () => {
    const { joined, apart, kinds } = await traceBoth(
      `uprobe:${path}:f_* { @[func] = count(); @args[probe, arg0] = count(); @all = count(); }
       uretprobe:${path}:f_* { @results[func, retval] = count(); }`,
    );
    expect(kinds).toEqual(["uprobeMulti", "uprobeMulti"]);
    expect(joined).toEqual(apart);
    expect(JSON.stringify(joined, toText)).toMatch(/"f_three".*"f_two"/);
  });

  joining("knows its probe in conditions and loops", async () => {
    const { joined, apart } = await traceBoth(
      `begin { @list[1] = 1; @list[2] = 2; }
       uprobe:${path}:f_* /func == "f_two" || probe == "uprobe:${path}:f_four"/ {
         for ($kv : @list) { @loop[$kv.0, func] = count(); }
       }`,
    );
    expect(joined).toEqual(apart);
    expect(JSON.stringify(joined, toText)).toContain("f_four");
  });

  joining("is limited to one process, and to all of its threads", async () => {
    const { joined, apart, kinds } = await traceBoth(
      `uprobe:${path}:f_* { @[pid, func] = count(); @threads[tid] = count(); }`,
      { isLimited: true },
    );
    expect(joined).toEqual(apart);
    const release = first?.description.release ?? "";
    const isKnown = versionCode(release) >= versionCode("6.10");
    expect(kinds).toEqual(isKnown ? ["uprobeMulti"] : names.map(() => "uprobe"));
  });

  joining("has a USDT mark in several places as one probe", async () => {
    if (first === undefined) throw new Error("there is no target");
    const program = await first.compile(`usdt:${path}:many:mark { @[probe] = count(); }`);
    expect(program.spec.layout.probeCount).toBe(1);
    expect(kindsOf(program)).toEqual(["uprobeMulti"]);
    const workload = await SteppedProgram.start(path);
    await using running = await first.start(program);
    await workload.step();
    const { maps } = await running.stop();
    await workload.end();
    // Each of both threads comes by both.
    expect(maps[0]?.entries).toMatchObject([{ value: { kind: "number", value: 4n } }]);
  });

  joining("is left as it is where what is read differs, or its name is text", async () => {
    const target = first;
    if (target === undefined) throw new Error("there is no target");
    const program = await target.compile(`uprobe:${path}:f_* { print(strlen(func)); }`);
    expect(kindsOf(program)).toEqual(names.map(() => "uprobe"));
    const unused = await target.compile(`uprobe:${path}:f_* { @ = count(); }`, {
      unusedFeatures: ["uprobe_multi"],
    });
    expect(kindsOf(unused)).toEqual(names.map(() => "uprobe"));
    const optional = await target.compile(
      `config = { missing_probes = ignore } uprobe:${path}:f_* { @ = count(); }`,
    );
    expect(kindsOf(optional)).toEqual(names.map(() => "uprobe"));
  });

  joining("is attached one by one where the kernel refuses all at once", async () => {
    if (first === undefined) throw new Error("there is no target");
    const program = await first.compile(`uprobe:${path}:f_* { @[func] = count(); }`);
    const { object } = program.spec;
    // No program has such a place.
    const attachments = object.attachments.map((attachment) =>
      attachment.kind === "uprobeMulti"
        ? { ...attachment, places: [...attachment.places, { offset: 1n << 60n }] }
        : attachment,
    );
    const refused = { ...program, spec: { ...program.spec, object: { ...object, attachments } } };
    const workload = await SteppedProgram.start(path);
    await using running = await first.start(refused);
    await workload.step();
    const { maps } = await running.stop();
    await workload.end();
    expect(maps[0]?.entries).toHaveLength(names.length);
  });
});

function toText(_: string, value: unknown): unknown {
  return typeof value === "bigint" ? String(value) : value;
}
