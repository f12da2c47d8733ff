import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { openRecording, type TraceEvent } from "../../packages/host/src/index.js";
import { requiresFeature } from "../support/requires.js";
import { interrupt, runSonde, startAttached, type Outcome } from "../support/sonde.js";
import { runWorkload } from "../support/workload.js";

const tracing = requiresFeature("tracepoint", "raw_tracepoint", "ringbuf", "perf_event");

const folder = mkdtempSync(join(tmpdir(), "sonde-recording-"));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const program = `
  BEGIN { printf("begin\\n"); }
  tracepoint:syscalls:sys_enter_openat /comm == "rec-files"/ { printf("%s %s %d\\n", comm, str(args.filename), args.flags); @opens[str(args.filename)] = count(); }
  tracepoint:syscalls:sys_exit_read /comm == "rec-files"/ { @sizes = hist(args.ret); @linear = lhist(args.ret, 0, 100, 10); @stats = stats(args.ret); @tuple = (1, comm); }
  tracepoint:syscalls:sys_enter_chdir /comm == "rec-files"/ { time("%F %T\\n"); printf("%s\\n", strftime("%T.%f", nsecs)); print(@opens, 3); clear(@opens); zero(@sizes); print((pid, comm)); print(kstack(3)); print(ustack(1)); @stacks[ustack(raw, 2)] = count(); }
  kprobe_free_software_event
  interval:ms:20 { @ticks = count(); print(@ticks); clear(@ticks); }
  END { printf("end\\n"); exit(6); }
`.replace(
  "kprobe_free_software_event",
  'software:page-faults:1 /comm == "rec-files"/ { @faults = count(); }',
);
const perl = `
  open(my $zero, "<", "/dev/zero"); my $b;
  sysread($zero, $b, $_) for (1, 2, 3, 10, 100, 1000, 5000);
  for my $i (1..9) { open(my $none, "<", "/none/$i") for 1..$i; }
  chdir("/none"); select(undef, undef, undef, 0.1);
  open(my $none, "<", "/none/again");`;

describe("a recording", () => {
  const file = join(folder, "files.sonde");
  let live: Outcome;

  beforeAll(async () => {
    const sonde = await startAttached(["--record", file, "-e", program]);
    await runWorkload("rec-files", perl);
    live = await interrupt(sonde);
  });

  tracing("is printed again as it was printed live", async () => {
    const replayed = await runSonde(["replay", file]);
    expect(live.output).toContain("rec-files /none/9");
    expect(live.output).toContain("[100, ...)             3 |@");
    expect(live.output).toContain("@opens[/none/9]: 9\n");
    expect(live.output).toMatch(/^\n( {8}\w+\+\d+\n){3}\n/m);
    expect(live.output).toMatch(/^\n {8}\w*chdir\+\d+\n\n/m);
    expect(live.output).toMatch(/^@stacks\[\n([0-9a-f]+\n){1,2}\]: 1$/m);
    expect(replayed.output).toBe(live.output);
    expect(replayed.errors).toBe(live.errors);
    // The live one was interrupted; this ends as the script says.
    expect(replayed.code).toBe(6);
  });

  tracing("can be replayed as JSON, as the same trace would be", async () => {
    const asJson = join(folder, "json.sonde");
    const sonde = await startAttached(["-f", "json", "--record", asJson, "-e", program]);
    await runWorkload("rec-files", perl);
    const { output } = await interrupt(sonde);
    const [replayed, fromText] = await Promise.all([
      runSonde(["replay", "-f", "json", asJson]),
      runSonde(["replay", "-f", "json", file, "-o", join(folder, "out.json")]),
    ]);
    expect(replayed.output).toBe(output);
    expect(fromText.output).toBe("");
    const lines = readFileSync(join(folder, "out.json"), "utf8").trimEnd().split("\n");
    const types = new Set(lines.map((line) => (JSON.parse(line) as { type: string }).type));
    expect(types).toEqual(
      new Set(["attached_probes", "printf", "time", "value", "map", "hist", "stats"]),
    );
  });

  tracing("is iterated by a script, with values", async () => {
    await using trace = await openRecording(file);
    const events: TraceEvent[] = [];
    for await (const event of trace.events()) events.push(event);
    const opens = events.filter(
      (event) => event.kind === "printf" && event.text.startsWith("rec-files"),
    );
    expect(opens.length).toBe(live.output.match(/^rec-files \//gm)?.length);
    expect(events.find((event) => event.kind === "map" && event.name === "@stats")).toMatchObject({
      entries: [{ value: { kind: "statistics", total: 6116n } }],
    });
  });

  tracing("counts what was lost, as the live trace did", async () => {
    const lossy = join(folder, "lossy.sonde");
    const sonde = await startAttached([
      ...["--record", lossy, "-e"],
      'config = { perf_rb_pages = 1 } tracepoint:syscalls:sys_enter_umask /comm == "rec-lost"/ { printf("%d %d\\n", args.mask, pid); }',
    ]);
    await runWorkload("rec-lost", "umask($_ & 511) for 1..30000;");
    const outcome = await interrupt(sonde);
    expect(outcome.errors).toMatch(/^Lost \d+ events in all/m);
    expect(await runSonde(["replay", lossy])).toEqual({ ...outcome, code: 0 });
  });

  tracing("of a trace that was killed is printed as far as it goes", async () => {
    const killed = join(folder, "killed.sonde");
    const sonde = await startAttached([
      ...["--record", killed, "-e"],
      'tracepoint:syscalls:sys_enter_umask /comm == "rec-killed"/ { printf("%d\\n", args.mask); }',
    ]);
    await runWorkload("rec-killed", "umask($_) for 1..100;");
    await sonde.prints(/^100$/m);
    sonde.kill("SIGKILL");
    await sonde.ended;
    const { output, code } = await runSonde(["replay", killed]);
    expect(output.trimEnd().split("\n").length).toBe(100);
    expect(code).toBe(0);
  });
});

describe("what is no whole recording", () => {
  const whole = join(folder, "whole.sonde");
  const wholeText = (): string => readFileSync(whole, "utf8");

  beforeAll(async () => {
    await runSonde([
      ...["trace", "--record", whole, "-e"],
      'BEGIN { printf("hello %s\\n", comm); @a = 1; @h = hist(7); print(@a); @k[1, "x"] = count(); }',
    ]);
  });

  /** Replays a file with this content; whatever it is, the end is 0 or 1, soon, without a stack trace. */
  async function replay(content: string): Promise<Outcome> {
    const path = join(folder, `hostile-${replayCount++}.sonde`);
    writeFileSync(path, content);
    const outcome = await runSonde(["replay", path], { limitMilliseconds: 15_000 });
    expect(outcome.errors).not.toMatch(/^ {4}at /m);
    expect(outcome.errors).not.toContain("fault of sonde's own");
    return outcome;
  }
  let replayCount = 0;

  const notRecordings: readonly (readonly [what: string, content: string, message: RegExp])[] = [
    ["an empty file", "", /it is empty/],
    ["a text", "hello\nworld\n", /line 1 is not of a sonde recording/],
    ["another JSON", '{"kind": "package"}\n', /line 1 is not of a sonde recording/],
    [
      "another version",
      '{"kind":"header","header":{"format":"sonde recording","version":2}}\n',
      /line 1/,
    ],
    [
      "a header without a program",
      '{"kind":"header","header":{"format":"sonde recording","version":1}}\n',
      /recording/,
    ],
    [
      "binary",
      Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * 7919) % 256)).toString("latin1"),
      /line 1/,
    ],
  ];
  for (const [what, content, message] of notRecordings) {
    test(`${what} is said to be none`, async () => {
      const { code, errors, output } = await replay(content);
      expect(errors).toMatch(message);
      expect({ code, output }).toEqual({ code: 1, output: "" });
    });
  }

  test("a file that is not there, or a folder, is said to be", async () => {
    const [absent, directory] = await Promise.all([
      runSonde(["replay", "/no/file"]),
      runSonde(["replay", folder]),
    ]);
    expect([absent.code, directory.code]).toEqual([1, 1]);
    expect(absent.errors).toContain("recording /no/file: ENOENT");
    expect(directory.errors).toContain("EISDIR");
  });

  tracing("a cut in the middle of a line names the line", async () => {
    const { errors, code } = await replay(wholeText().slice(0, -40));
    expect(errors).toMatch(/line \d+ is not of a sonde recording/);
    expect(code).toBe(1);
  });

  tracing("a cut before a map that was printed says so", async () => {
    const lines = wholeText().split("\n");
    const firstDump = lines.findIndex((line) => line.includes('"kind":"dump"'));
    expect(firstDump).toBeGreaterThan(0);
    const { errors, code } = await replay(`${lines.slice(0, firstDump).join("\n")}\n`);
    expect(errors).toMatch(/it ends before a map that was printed/);
    expect(code).toBe(1);
  });

  tracing("changed anywhere, it gives a clear error or another text", async () => {
    const text = wholeText();
    const changes: ((text: string) => string)[] = [
      (all) => all.replace(/"\$b":"[^"]{8}/, '"$b":"AAAAAAAA'),
      (all) => all.replace(/("kind":"span".*"\$b":")[^"]*/, "$1"),
      (all) => all.replace(/("kind":"span".*"\$b":")[^"]*/, "$1/////w=="),
      (all) => all.replace(/"position":\{"\$i":"\d+"\}/, '"position":"x"'),
      (all) => all.replace(/"position":\{"\$i":"\d+"\}/, '"position":{"$i":"-5"}'),
      (all) => all.replace(/"\$i":"\d+"/, '"$i":"not a number"'),
      (all) => all.replace(/"keySizeBytes":\d+/g, '"keySizeBytes":1000000000'),
      (all) => all.replace(/"count":\d+/, '"count":4000000000'),
      (all) => all.replace(/"records":\[/, '"records":[{"kind":"exit"},'),
      (all) => all.replace(/"maps":\[/g, '"maps":[null,'),
      (all) => all.replace(/"layout":\{/, '"layout":{"records":5,'),
      (all) => all.replace(/"byteOrder":"little"/, '"byteOrder":"big"'),
      (all) => all.replace(/"possibleCpuCount":\d+/, '"possibleCpuCount":1000000000'),
      (all) =>
        all.replace(
          /"counts":\{/,
          '"counts":{"positions":[{"$i":"99999999999"}],"x":{'.replace(',"x":{', ","),
        ),
      (all) => all.replace(/"map":\d+/g, '"map":77'),
      (all) => all.replace(/"offset":\d+/g, '"offset":70000'),
      (all) => all.split("\n").reverse().join("\n"),
      (all) => all + all,
    ];
    const changed = changes.map((change) => change(text));
    for (const one of changed) expect(one).not.toBe(text);
    const outcomes = [];
    for (const one of changed) outcomes.push(await replay(one));
    for (const { code, errors } of outcomes) {
      expect([0, 1]).toContain(code);
      if (code === 1) expect(errors).toMatch(/^sonde: /m);
    }
  });

  tracing("changed at random, it gives events or says that it is damaged", async () => {
    const lines = wholeText().trimEnd().split("\n");
    const path = join(folder, "random.sonde");
    const endings = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(damage(lines), async (damaged) => {
        writeFileSync(path, damaged);
        const ending = await playThrough(path);
        endings.set(ending, (endings.get(ending) ?? 0) + 1);
        expect(["events", "TargetError", "DecodeError"]).toContain(ending);
      }),
      { numRuns: 400 },
    );
    expect(endings.size).toBe(3);
  });

  tracing("cut at any place, it ends", async () => {
    const path = join(folder, "cut.sonde");
    const size = wholeText().length;
    for (let part = 1; part <= 12; part++) {
      writeFileSync(path, wholeText());
      truncateSync(path, Math.floor((size * part) / 13));
      const { code, errors } = await runSonde(["replay", path], { limitMilliseconds: 15_000 });
      expect([0, 1]).toContain(code);
      expect(errors).not.toMatch(/^ {4}at /m);
    }
  });
});

/** One value somewhere in one line is replaced or removed. */
function damage(lines: readonly string[]): fc.Arbitrary<string> {
  const replacements: readonly unknown[] = [
    ...[undefined, null, true, -1, 0, 5, 1e9, 0.5, "x", "", [], {}, [null]],
    ...[
      { $i: "-1" },
      { $i: "99999999999999999999" },
      { $b: "" },
      { $b: "/////w==" },
      { kind: "ksym" },
    ],
  ];
  return fc
    .tuple(fc.nat(lines.length - 1), fc.nat(), fc.constantFrom(...replacements))
    .map(([index, choice, replacement]) => {
      const line = JSON.parse(lines[index] ?? "") as unknown;
      const places = [...placesIn(line)];
      const place = places[choice % places.length];
      if (place !== undefined) (place.holder as Record<string, unknown>)[place.name] = replacement;
      return [...lines.slice(0, index), JSON.stringify(line), ...lines.slice(index + 1), ""].join(
        "\n",
      );
    });
}

function* placesIn(value: unknown): Generator<{ readonly holder: object; readonly name: string }> {
  if (typeof value !== "object" || value === null) return;
  for (const [name, item] of Object.entries(value)) {
    yield { holder: value, name };
    yield* placesIn(item);
  }
}

async function playThrough(path: string): Promise<string> {
  try {
    await using trace = await openRecording(path);
    const isOver = (async (): Promise<string> => {
      const events = trace.events()[Symbol.asyncIterator]();
      while ((await events.next()).done !== true);
      return "events";
    })();
    let timer: NodeJS.Timeout | undefined;
    const hangs = new Promise<string>((resolve) => {
      timer = setTimeout(resolve, 5000, "it hangs");
    });
    return await Promise.race([isOver, hangs]).finally(() => {
      clearTimeout(timer);
    });
  } catch (error) {
    return error instanceof Error && error.name.endsWith("Error") ? error.name : String(error);
  }
}
