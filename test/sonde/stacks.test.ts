import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect } from "@jest/globals";
import { connect, type Target, type TraceEvent } from "../../packages/host/src/index.js";
import { type FeatureName } from "../../packages/host/src/spec/target-description.js";
import { compileProgram } from "../../packages/host/src/trace/compile-program.js";
import { traceBesideBpftrace } from "../support/beside-bpftrace.js";
import { agentWords } from "../support/processes.js";
import { requiresCommand, requiresFeature } from "../support/requires.js";
import { runSonde } from "../support/sonde.js";
import { runWorkload } from "../support/workload.js";

/** Programs with stacks in sonde and in Debian's bpftrace 0.17, attached at the same time to the same events. */
const besideBpftrace = requiresCommand("bpftrace", "bpftrace", "tracepoint");

describe("kernel stacks beside bpftrace", () => {
  const body = `/comm == "par-stack"/ {
    printf("%s|%s|%s|\\n", kstack, kstack(3), kstack(perf, 2));
    print(kstack(2)); print((1, kstack(2)));
    @[kstack, comm] = count();
    @last = kstack; @three[args->mask] = kstack(3);
  }`;
  const workload = (): Promise<unknown> => runWorkload("par-stack", "umask(1) for 1..3;");

  besideBpftrace("as keys, values and printed are the same lines", async () => {
    const { sonde, bpftrace } = await traceBesideBpftrace(
      `tracepoint:syscalls:sys_enter_umask ${body}`,
      workload,
    );
    expect(sonde).toBe(bpftrace);
    expect(sonde).toMatch(/@\[\n {8}\w+\+\d+\n/);
  });

  besideBpftrace("in JSON are the same lines", async () => {
    const { sonde, bpftrace } = await traceBesideBpftrace(
      `tracepoint:syscalls:sys_enter_umask ${body}`,
      workload,
      { options: ["-f", "json"] },
    );
    expect(sonde).toBe(bpftrace);
    expect(sonde).toMatch(/"@": \{"\\n\w+\+\d+\\n/);
  });
});

requiresCommand(
  "setpriv",
  "util-linux",
  "tracepoint",
)("a kernel that hides where its functions are is told of once", async () => {
  const less = ["--bounding-set=-syslog", "--inh-caps=-syslog"];
  const shown = execFileSync("setpriv", [...less, "head", "-c", "400", "/proc/kallsyms"]);
  const isHidden = !/^0*[1-9a-f]/m.test(shown.toString());
  // Names that were seen before are kept.
  const cache = mkdtempSync(join(tmpdir(), "sonde-hidden-"));
  const { code, output, errors } = await runSonde(
    [
      ...["trace", "-t", `exec:setpriv ${less.join(" ")} ${agentWords} --stdio`],
      // A timer may find a process running, and then there is no stack of the kernel.
      ...["-e", "tracepoint:sched:sched_switch { print(kstack); print(kstack); exit(); }"],
    ],
    { env: { ...process.env, SONDE_CONFIG: "/nonexistent/config.json", XDG_CACHE_HOME: cache } },
  );
  rmSync(cache, { recursive: true });
  expect({ code, errors }).toMatchObject({ code: 0 });
  expect(errors.split("the kernel's functions have no names").length - 1).toBe(isHidden ? 1 : 0);
  expect(output).toMatch(isHidden ? /0x[0-9a-f]{8}/ : /\w\+\d+/);
});

describe("user stacks beside bpftrace", () => {
  besideBpftrace("lead through the same addresses", async () => {
    const { sonde, bpftrace } = await traceBesideBpftrace(
      `tracepoint:syscalls:sys_enter_umask /comm == "par-ustack"/ { printf("stack%s\\n", ustack(perf)); }`,
      () => runWorkload("par-ustack", "umask(1) for 1..3;"),
    );
    const addresses = (text: string): string[] =>
      text.split("\n").map((line) => /^\t([0-9a-f]+) /.exec(line)?.[1] ?? line);
    expect(addresses(sonde)).toEqual(addresses(bpftrace));
    expect(sonde).toMatch(/^\t[0-9a-f]+ /m);
  });
});

const tracing = requiresFeature(
  "tracepoint",
  "uprobe",
  "get_stack",
  "bounded_loops",
  "atomic_fetch",
);

/** Each way in which a kernel lets programs take stacks; what it has is left out as on kernels that lack it. */
const kernels: readonly { readonly lacking: string; readonly without: readonly FeatureName[] }[] = [
  { lacking: "nothing", without: [] },
  { lacking: "loops", without: ["bounded_loops"] },
  { lacking: "the ring buffer", without: ["ringbuf"] },
  { lacking: "atomic exchanges", without: ["atomic_fetch"] },
  { lacking: "stacks that programs can read", without: ["get_stack"] },
];

async function trace(
  target: Target,
  source: string,
  without: readonly FeatureName[],
  workload: () => Promise<unknown>,
): Promise<TraceEvent[]> {
  const description = {
    ...target.description,
    features: target.description.features.filter((feature) => !without.includes(feature)),
  };
  const answer = target.session.answer.bind(target.session);
  const { spec, diagnostics } = await compileProgram(source, description, answer, {});
  if (spec === undefined) throw new TypeError(JSON.stringify(diagnostics));
  await using running = await target.start({ source, spec, diagnostics });
  const events: TraceEvent[] = [];
  const reading = (async () => {
    for await (const event of running.events()) events.push(event);
  })();
  await workload();
  await running.stop();
  await reading;
  return events;
}

describe("stacks on a kernel without", () => {
  for (const { lacking, without } of kernels) {
    const probes = ["tracepoint:syscalls:sys_enter_umask", "uprobe:libc:umask"];
    tracing(`${lacking} are the same as keys, values and printed`, async () => {
      await using target = await connect("local:");
      for (const probe of probes) {
        const source = `${probe} /comm == "stacks"/ {
          printf("%s", ustack(raw)); @[ustack(raw)] = count(); @pid = pid; @last = ustack(raw);
          @kernel[kstack(raw, 4)] = count(); printf("%s", kstack(raw, 4));
        }`;
        const events = await trace(target, source, without, () =>
          runWorkload("stacks", "umask(1) for 1..20;"),
        );
        const texts = events.flatMap((event) => (event.kind === "printf" ? [event.text] : []));
        const users = new Set(texts.filter((_, at) => at % 2 === 0));
        const kernelStacks = texts.filter((_, at) => at % 2 === 1);
        expect(texts).toHaveLength(40);
        // A line for each frame, the first one in user space's half; who has no frame pointers has what looks like others.
        for (const text of users) expect(text).toMatch(/^\n[0-9a-f]{5,12}\n([0-9a-f]+\n)*$/);
        // A uprobe's program runs as if the process were not in the kernel.
        const kernelStack = probe.startsWith("uprobe") ? /^$/ : /^\n(ffffffff[0-9a-f]{8}\n){1,4}$/;
        for (const text of kernelStacks) expect(text).toMatch(kernelStack);
        expect(users.size).toBeLessThan(5);
        const maps = events.filter((event) => event.kind === "map");
        const own = maps.find(({ name }) => name === "@");
        expect(own?.entries).toHaveLength(users.size);
        const counts = own?.entries.map(({ value }) =>
          value.kind === "number" ? value.value : 0n,
        );
        expect(counts?.reduce((sum, count) => sum + count, 0n)).toBe(20n);
        for (const { key } of own?.entries ?? []) {
          expect(key).toMatchObject([{ kind: "stack", space: "user" }]);
        }
        expect(maps.find(({ name }) => name === "@last")?.entries).toMatchObject([
          { value: { kind: "plain", value: { kind: "stack", frames: expect.anything() } } },
        ]);
      }
    });
  }
});
