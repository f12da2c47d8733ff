import { describe, expect } from "@jest/globals";
import { type RunningCommand, until } from "../support/processes.js";
import { requiresFeature } from "../support/requires.js";
import { interrupt, startSonde } from "../support/sonde.js";
import { runWorkload, Workload } from "../support/workload.js";

const tracing = requiresFeature("tracepoint", "ringbuf");

const numbers = { x64: { execveat: 322 }, arm64: { execveat: 281 } }[
  process.arch as "x64" | "arm64"
];

async function startTool(args: readonly string[]): Promise<RunningCommand> {
  const sonde = startSonde(["execsnoop", ...args]);
  // The header is printed once everything is attached.
  await until(() => sonde.output.includes("ARGS\n") || sonde.hasEnded, 20_000);
  if (sonde.hasEnded) throw new Error(`execsnoop did not begin: ${sonde.errors}`);
  return sonde;
}

interface Traced {
  readonly header: string;
  /** Of what the process has started: columns before the arguments, and the arguments. */
  readonly rows: readonly { readonly columns: readonly string[]; readonly line: string }[];
  readonly pid: number;
}

const rowPattern = /^(.*? +\d+ +\d+ +-?\d+) (.*)$/;

/** Runs the tool with some options while a process starts programs; `mark` is on every command line of its own. */
async function trace(comm: string, options: readonly string[], perl: string): Promise<Traced> {
  const workload = await Workload.start(comm, perl);
  const sonde = await startTool(options.map((one) => (one === "PID" ? String(workload.pid) : one)));
  await workload.step();
  await workload.end();
  const { output } = await interrupt(sonde);
  const [header = "", ...lines] = output.trimEnd().split("\n");
  const rows = lines
    .filter((line) => line.includes(comm))
    .map((text) => {
      const [, columns = "", line = ""] = rowPattern.exec(text) ?? [];
      return { columns: columns.trim().split(/ +/), line };
    });
  return { header, rows, pid: workload.pid };
}

describe("sonde execsnoop", () => {
  tracing("shows every argument of what is started, its process and its parent", async () => {
    const perl =
      'system("/bin/true", "exs-plain", "two words", "", "x\\ny"); system("/bin/echo", "exs-plain");';
    const { header, rows, pid } = await trace("exs-plain", [], perl);
    expect(header).toBe("PCOMM            PID    PPID   RET ARGS");
    expect(rows.map(({ line }) => line)).toEqual([
      "/bin/true exs-plain two words  x\\ny",
      "/bin/echo exs-plain",
    ]);
    expect(rows.map(({ columns }) => columns)).toEqual([
      ["true", expect.stringMatching(/^\d+$/), String(pid), "0"],
      ["echo", expect.stringMatching(/^\d+$/), String(pid), "0"],
    ]);
  });

  tracing(
    "shows twenty arguments, or as many as are asked for, and says that there are more",
    async () => {
      const list = (count: number): string =>
        ["/bin/true", "exs-many", ...Array.from({ length: count }, (_, i) => `a${i + 3}`)].join(
          " ",
        );
      const perl =
        'system("/bin/true", "exs-many", map { "a$_" } 3..20); system("/bin/true", "exs-many", map { "a$_" } 3..59);';
      const [usual, few, many] = await Promise.all([
        trace("exs-many", [], perl),
        trace("exs-many", ["--max-args", "4"], perl),
        trace("exs-many", ["--max-args", "59"], perl),
      ]);
      const own = ({ rows, pid }: Traced): string[] =>
        rows.filter(({ columns }) => columns.includes(String(pid))).map(({ line }) => line);
      expect(own(usual)).toEqual([list(18), `${list(18)} ...`]);
      expect(own(few)).toEqual([`${list(2)} ...`, `${list(2)} ...`]);
      expect(own(many)).toEqual([list(18), list(57)]);
    },
  );

  tracing("shows long arguments up to 1,024 bytes", async () => {
    const perl = 'system("/bin/true", "exs-long", "x" x 1000, "y" x 3000, "end");';
    const { rows } = await trace("exs-long", [], perl);
    expect(rows[0]?.line).toMatch(/^\/bin\/true exs-long x{1000} y{1024}\.\.\. end$/);
  });

  tracing("-x shows starts that failed", async () => {
    const perl =
      'system("/none/such", "exs-failed"); system("/etc/passwd", "exs-failed"); system("/bin/true", "exs-failed");';
    const [without, all] = await Promise.all([
      trace("exs-failed", ["-l", "exs-failed"], perl),
      trace("exs-failed", ["-x"], perl),
    ]);
    expect(new Set(without.rows.map(({ columns }) => columns.at(-1)))).toEqual(new Set(["0"]));
    const own = all.rows.filter(({ columns }) => columns.includes(String(all.pid)));
    expect(own.map(({ columns, line }) => [columns[0], columns.at(-1), line])).toEqual([
      ["exs-failed", "-2", "/none/such exs-failed"],
      ["exs-failed", "-13", "/etc/passwd exs-failed"],
      ["true", "0", "/bin/true exs-failed"],
    ]);
  });

  tracing("shows execveat(2) too", async () => {
    const perl = `my $child = fork();
      if ($child == 0) {
        my $path = "/bin/true"; my ($a, $b) = ("by-descriptor", "exs-at");
        my $argv = pack("ppQ", $a, $b, 0); my $environment = pack("Q", 0); my $none = 0;
        syscall(${numbers.execveat}, -100, $path, $argv, $environment, $none); exit 1;
      } waitpid($child, 0);`;
    const { rows } = await trace("exs-at", [], perl);
    expect(rows.map(({ line }) => line)).toEqual(["by-descriptor exs-at"]);
    expect(rows[0]?.columns[0]).toBe("true");
  });

  tracing("-n, -l, -P and -u choose which", async () => {
    const perl =
      'system("/bin/true", "exs-chosen", "one"); system("/bin/echo", "exs-chosen", "two");';
    const shown = await Promise.all(
      [
        ["-n", "^ech"],
        ["-l", "one$"],
        ["-P", "PID"],
        ["-P", "1"],
        ["-u", "54321"],
      ].map((options) => trace("exs-chosen", options, perl)),
    );
    const words = shown.map(({ rows, pid }) =>
      rows
        .filter(({ columns }) => columns.includes(String(pid)))
        .map(({ line }) => line.split(" ").at(-1)),
    );
    expect(words).toEqual([["two"], ["one"], ["one", "two"], [], []]);
  });

  tracing("-T, --timestamp and -U add columns before the others, -q quotes", async () => {
    const perl = 'system("/bin/true", "exs-columns", "two words", "a \\"b\\"");';
    const { header, rows } = await trace("exs-columns", ["-T", "--timestamp", "-U", "-q"], perl);
    expect(header).toBe("TIME     TIME(s)  UID    PCOMM            PID    PPID   RET ARGS");
    const [time, seconds, uid] = rows[0]?.columns ?? [];
    expect(time).toMatch(/^\d\d:\d\d:\d\d$/);
    expect(seconds).toMatch(/^\d+\.\d{3}$/);
    expect(uid).toBe(String(process.getuid?.()));
    expect(rows[0]?.line).toBe('"/bin/true" "exs-columns" "two words" "a \\"b\\""');
  });

  tracing("--json gives an object for each start", async () => {
    const sonde = startSonde(["execsnoop", "--json", "-x"]);
    await until(() => {
      void runWorkload("exs-live", 'system("/none/exs-live");');
      return sonde.output.includes("/none/exs-live") || sonde.hasEnded;
    }, 20_000);
    const workload = await Workload.start(
      "exs-json",
      'system("/bin/true", "exs-json", "", "new\\nline");',
    );
    await workload.step();
    await workload.end();
    const { output } = await interrupt(sonde);
    const objects = output
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { args: string[] });
    expect(objects.filter(({ args }) => args.includes("exs-json"))).toEqual([
      {
        ...{ time: expect.any(Number), uid: process.getuid?.(), comm: "true", ret: 0 },
        ...{
          pid: expect.any(Number),
          ppid: workload.pid,
          args: ["/bin/true", "exs-json", "", "new\nline"],
        },
      },
    ]);
  });
});
