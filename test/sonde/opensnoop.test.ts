import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect } from "@jest/globals";
import { type RunningCommand, until } from "../support/processes.js";
import { requiresFeature } from "../support/requires.js";
import { endOf, interrupt, startSonde } from "../support/sonde.js";
import { Workload } from "../support/workload.js";

const tracing = requiresFeature("tracepoint", "ringbuf");

const folder = mkdtempSync(join(tmpdir(), "sonde-opensnoop-"));
writeFileSync(join(folder, "here"), "");
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const numbers = {
  x64: { open: 2, openat: 257, openat2: 437, close: 3 },
  arm64: { open: undefined, openat: 56, openat2: 437, close: 57 },
}[process.arch as "x64" | "arm64"];

const AT_FDCWD = -100;
const longPath = `/none/${"long/".repeat(818)}`.slice(0, 4095);

/** Perl that makes one call, prints what came of it ("FD ERRNO"), and closes what was opened. */
function perlOpen(path: string, flags = 0, mode = 0): string {
  return perlCall(numbers.openat, [AT_FDCWD, perlText(path), flags, mode]);
}

function perlCall(number: number, args: readonly (string | number)[]): string {
  return `{ my @args = (${args.join(", ")}); my $fd = syscall(${number}, @args); my $errno = $fd < 0 ? $! + 0 : 0;
    syswrite(STDOUT, "$fd $errno\\n"); syscall(${numbers.close}, $fd) if $fd >= 0; }`;
}

function perlText(text: string): string {
  return `pack("H*", "${Buffer.from(text).toString("hex")}")`;
}

/** Starts the tool and waits until it sees what is opened. */
async function startTool(args: readonly string[], isLive?: () => boolean): Promise<RunningCommand> {
  const sonde = startSonde(["opensnoop", ...args]);
  // The header is printed once everything is attached; JSON has none.
  const isAttached = isLive ?? ((): boolean => sonde.output.includes("PATH\n"));
  await until(() => isAttached() || sonde.hasEnded, 20_000);
  if (!isAttached()) throw new Error(`opensnoop did not begin: ${sonde.errors}`);
  return sonde;
}

interface Traced {
  readonly header: string;
  /** The rows of the process, without the columns before FD. */
  readonly rows: readonly string[];
  /** What its calls gave: "FD ERRNO" each. */
  readonly results: readonly string[];
  readonly pid: number;
}

/** Runs the tool with some options while a process of this name makes some calls. */
async function trace(
  comm: string,
  options: readonly string[],
  perl: readonly string[],
): Promise<Traced> {
  const workload = await Workload.start(comm, `chdir("${folder}"); ${perl.join("\n")}`);
  const sonde = await startTool(options.map((one) => (one === "PID" ? String(workload.pid) : one)));
  await workload.step();
  // Directories of relative paths are asked for while the process is there.
  if (options.includes("-F")) await until(() => sonde.output.endsWith("passwd\n"), 5000);
  await workload.end();
  const { code, output, errors } = await interrupt(sonde);
  expect({ code, errors }).toEqual({ code: 130, errors: "" });
  const [header = "", ...lines] = output.trimEnd().split("\n");
  const rows = lines.filter((line) => line.includes(` ${comm} `));
  return { header, rows, results: workload.output.trimEnd().split("\n"), pid: workload.pid };
}

/** A row as it should be: of the plain columns. */
function row(traced: Traced, comm: string, path: string, index: number): string {
  const [fd = "", errno = ""] = (traced.results[index] ?? "").split(" ");
  return `${String(traced.pid).padEnd(6)} ${comm.padEnd(16)} ${fd.padStart(4)} ${errno.padStart(3)} ${path}`;
}

describe("sonde opensnoop", () => {
  tracing("shows who opened what, and how it ended", async () => {
    const paths = ["/etc/passwd", "/none/such", "here", "/etc", "", longPath, "/none/last"];
    const traced = await trace(
      "ops-plain",
      [],
      paths.map((path) => perlOpen(path)),
    );
    expect(traced.header).toBe("PID    COMM               FD ERR PATH");
    expect(traced.results.slice(0, 2)).toEqual([expect.stringMatching(/^\d+ 0$/), "-1 2"]);
    expect(longPath.length).toBe(4095);
    expect(traced.rows).toEqual(paths.map((path, index) => row(traced, "ops-plain", path, index)));
  });

  tracing("shows open(2) and openat2(2) too, and paths beyond what the kernel takes", async () => {
    const calls = [
      perlCall(numbers.openat2, [AT_FDCWD, perlText("/etc/passwd"), 'pack("QQQ", 0, 0, 0)', 24]),
      perlCall(numbers.openat2, [AT_FDCWD, perlText("/none/two"), 'pack("QQQ", 64, 420, 0)', 24]),
      perlOpen(`${longPath}beyond`),
      ...(numbers.open === undefined
        ? []
        : [perlCall(numbers.open, [perlText("/etc/group"), 0, 0])]),
    ];
    const traced = await trace("ops-calls", [], calls);
    expect(traced.results.slice(1, 3)).toEqual(["-1 2", "-1 36"]);
    const paths = ["/etc/passwd", "/none/two", longPath, "/etc/group"].slice(0, calls.length);
    // Of a path that is too long as much as fits is shown.
    const rows = traced.rows.map((line) => line.replace(/^(.*long\/.{0,4})b.*$/, "$1"));
    expect(rows).toEqual(paths.map((path, index) => row(traced, "ops-calls", path, index)));
  });

  tracing("keeps a path on its line and off the terminal", async () => {
    const traced = await trace("ops-odd", [], [perlOpen("/none/a\nb\tc\u001b[31m é")]);
    expect(traced.rows).toEqual([row(traced, "ops-odd", "/none/a\\nb\\tc\\x1b[31m é", 0)]);
  });

  tracing("-x shows failed ones only", async () => {
    const traced = await trace(
      "ops-failed",
      ["-x"],
      [perlOpen("/etc/passwd"), perlOpen("/none/x"), perlOpen("here", 0o100000 << 1)],
    );
    expect(traced.rows.map((line) => line.split(" ").at(-1))).toEqual(["/none/x", "here"]);
  });

  tracing("-p, -u, --tid and -n choose whose", async () => {
    const perl = [perlOpen("/none/chosen")];
    const choices: readonly (readonly [comm: string, options: readonly string[], rows: number])[] =
      [
        ["ops-pid", ["-p", "PID"], 1],
        ["ops-tid", ["--tid", "PID"], 1],
        ["ops-uid", ["-u", String(process.getuid?.() ?? 0)], 1],
        ["ops-name", ["-n", "s-nam"], 1],
        ["ops-other-pid", ["-p", "1"], 0],
        ["ops-other-uid", ["-u", "54321"], 0],
        ["ops-other-name", ["-n", "no-such-name"], 0],
      ];
    // One after the other: the kernel runs no program on a CPU where another tracer is loading its own.
    for (const [comm, options, count] of choices) {
      const traced = await trace(comm, options, perl);
      expect(traced.rows).toHaveLength(count);
      if (comm === "ops-tid") expect(traced.header).toMatch(/^TID {4}COMM/);
    }
  });

  tracing("-T and -U add columns before the others", async () => {
    const { header, rows } = await trace(
      "ops-columns",
      ["-T", "-U", "-n", "ops-columns"],
      [perlOpen("/none/a"), "select(undef, undef, undef, 0.02);", perlOpen("/none/b")],
    );
    expect(header).toBe("TIME(s)       UID    PID    COMM               FD ERR PATH");
    const uid = process.getuid?.() ?? 0;
    const columns = rows.map((line) => line.trim().split(/ +/));
    expect(columns.map(([time]) => time)).toEqual([
      "0.000000000",
      expect.stringMatching(/^0\.\d{9}$/),
    ]);
    expect(Number(columns[1]?.[0])).toBeGreaterThan(0.02);
    expect(columns.map(([, one]) => one)).toEqual([String(uid), String(uid)]);
  });

  tracing("-e adds flags and mode, and -f chooses by flags", async () => {
    const perl = [
      perlOpen("/none/read"),
      perlOpen("created", 0o101, 0o640),
      perlOpen("/none/both", 0o2),
      perlOpen("/none/append", 0o2001),
    ];
    const [all, chosen] = await Promise.all([
      trace("ops-flags", ["-e"], perl),
      trace("ops-choose", ["-e", "-f", "O_WRONLY", "-f", "O_RDWR"], perl),
    ]);
    expect(all.header).toBe("PID    COMM               FD ERR FLAGS    MODE     PATH");
    const tails = (rows: readonly string[]): string[] => rows.map((line) => line.slice(33));
    const written = [
      "00000101 0640     created",
      "00000002 0000     /none/both",
      "00002001 0000     /none/append",
    ];
    expect(tails(all.rows)).toEqual(["00000000 0000     /none/read", ...written]);
    expect(tails(chosen.rows)).toEqual(written);
  });

  tracing("-F puts the directory before relative paths", async () => {
    const perl = [
      perlOpen("here"),
      perlOpen("/none/absolute"),
      `opendir(my $directory, "/etc"); my $there = fileno($directory);`,
      perlCall(numbers.openat, ["$there", perlText("passwd"), 0, 0]),
    ];
    // The directory has to stay open until it has been asked for.
    const { rows } = await trace(
      "ops-full",
      ["-F", "-n", "ops-full"],
      [perl.join("\n").replace("my $directory", "our $directory")],
    );
    const paths = rows.map((line) => line.split(" ").at(-1));
    expect(paths).toEqual([`${folder}/here`, "/none/absolute", "/etc", "/etc/passwd"]);
  });

  tracing("-d ends it, -o writes to a file", async () => {
    const file = join(folder, "output");
    const start = performance.now();
    const sonde = startSonde(["opensnoop", "-d", "0.7", "-o", file, "-n", "ops-duration"]);
    const workload = await Workload.start(
      "ops-duration",
      'for (1..200) { open(my $f, "<", "/none/d"); select(undef, undef, undef, 0.01); }',
    );
    workload.begin();
    const outcome = await endOf(sonde);
    await workload.stop();
    expect(outcome).toEqual({ code: 0, output: "", errors: "" });
    expect(performance.now() - start).toBeGreaterThan(700);
    const [header, ...rows] = readFileSync(file, "utf8").trimEnd().split("\n");
    expect(header).toContain("PATH");
    expect(rows.length).toBeGreaterThan(5);
    expect(rows.every((line) => line.endsWith("/none/d"))).toBe(true);
  });

  tracing("--json gives an object for each open", async () => {
    const path = `/none/live-${process.pid}`;
    const workload = await Workload.start(
      "ops-json",
      `chdir("${folder}"); ${perlOpen("/none/j\n", 0o2000102, 0o600)}`,
    );
    const sonde = startSonde(["opensnoop", "--json"]);
    await until(() => {
      try {
        readFileSync(path);
      } catch {
        // It is not there: what matters is that it was asked for.
      }
      return sonde.output.includes(path) || sonde.hasEnded;
    }, 20_000);
    await workload.step();
    await workload.end();
    const { output } = await interrupt(sonde);
    const objects = output
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(objects.filter(({ comm }) => comm === "ops-json")).toEqual([
      {
        ...{
          time: expect.any(Number),
          uid: process.getuid?.(),
          pid: workload.pid,
          tid: workload.pid,
        },
        ...{ comm: "ops-json", fd: -1, errno: 2, path: "/none/j\n", mode: 0o600, flags: 0o2000102 },
        flagNames: ["O_RDWR", "O_CREAT", "O_CLOEXEC"],
      },
    ]);
  });
});
