import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "@jest/globals";
import { startBpftrace } from "../support/beside-bpftrace.js";
import { onlyOneUses } from "../support/only-one.js";
import { RunningCommand, until } from "../support/processes.js";
import { requiresCommand } from "../support/requires.js";
import { endOf, startSonde } from "../support/sonde.js";
import { Workload } from "../support/workload.js";

onlyOneUses("disk");

/** The tools that are files in the language, beside those of libbpf-tools that run where there are no kprobes. */
const besideTools = requiresCommand("tcplife", "libbpf-tools", "tracepoint", "ringbuf", "btf");

const comm = "file-tools";
const startMilliseconds = 60_000;

/** Its signals, calls that fail, a child that ends with 7, a connection with itself, and calls that are counted. */
const step = `
  use IO::Socket::INET;
  my ($path, $room) = ("/none/file-tools", "x" x 512);
  $SIG{USR1} = "IGNORE"; kill("USR1", $$); kill("USR1", 999999);
  syscall(4, $path, $room); syscall(137, $path, $room);
  my $child = fork; if (!$child) { exit 7; } waitpid($child, 0);
  my $listener = IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1");
  my $there = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $listener->sockport);
  my $here = $listener->accept; $there->syswrite("x" x 3000); $here->sysread($room, 4000); $there->close; $here->close;
  umask(18) for 1..5; chdir("/none") for 1..3;`;

interface Tool {
  /** Given to both. */
  readonly options?: (pid: number) => readonly string[];
  /** The lines that are compared, word by word. */
  readonly rows: RegExp;
  /** Words that are not the same each time, by their places. */
  readonly differing: readonly number[];
  /** They print in the end only. */
  readonly printsAtEnd?: true;
  readonly count: number;
  /** The packaged one of libbpf-tools does not work with newer kernels: bpftrace's, which lacks the word at this place. */
  readonly besideBpftrace?: number;
}

const tools: Readonly<Record<string, Tool>> = {
  killsnoop: { rows: /file-tools/, differing: [0], count: 2 },
  statsnoop: { rows: /\/none\/file-tools/, differing: [], count: 2, besideBpftrace: 2 },
  exitsnoop: { rows: /file-tools/, differing: [4], count: 1 },
  tcplife: { rows: /file-tools/, differing: [8], count: 2 },
  syscount: {
    options: (pid) => ["-p", String(pid), "-T", "100"],
    rows: /^(umask|chdir|socket|accept4|kill) /,
    differing: [],
    printsAtEnd: true,
    count: 5,
  },
};

/** What ends by itself after a second: its headings. */
const headings: Readonly<Record<string, RegExp>> = {
  hardirqs: /^HARDIRQ/,
  softirqs: /^SOFTIRQ/,
  runqlat: /^ +usecs/,
};

interface Pair {
  readonly name: string;
  readonly ours: RunningCommand;
  readonly theirs: RunningCommand;
}

/** What theirs prints into a pipe it would else keep until the end. */
function start(name: string, options: readonly string[]): Pair {
  const theirs =
    tools[name]?.besideBpftrace === undefined
      ? new RunningCommand("stdbuf", ["-oL", `/usr/sbin/${name}`, ...options], {
          stdio: ["ignore", "pipe", "pipe"],
        })
      : startBpftrace([`/usr/sbin/${name}.bt`]);
  return { name, ours: startSonde([name, ...options]), theirs };
}

function linesOf(command: RunningCommand, rows: RegExp): string[] {
  return command.output.split("\n").filter((line) => rows.test(line));
}

/** Kilobytes are whole ones in BCC's tools. */
function words(line: string, differing: readonly number[] = [], extra?: number): string {
  return line
    .trim()
    .split(/\s+/)
    .map((word, index) => (differing.includes(index) ? "…" : word))
    .map((word) => (/^\d+\.\d\d$/.test(word) ? Number(word).toFixed(0) : word))
    .filter((_, index) => index !== extra)
    .join(" ");
}

besideTools(
  "the tools in the language tell what the packaged ones tell",
  async () => {
    const workload = await Workload.start(comm, step);
    const pairs = Object.entries(tools).map(([name, { options }]) =>
      start(name, options?.(workload.pid) ?? []),
    );
    const both = pairs.flatMap(({ ours, theirs }) => [ours, theirs]);
    try {
      // bpftrace prints its headings before it attaches.
      const mark = "/none/is-it-live";
      const isLive = ({ name, ours, theirs }: Pair): boolean =>
        ours.output !== "" &&
        theirs.output.includes(tools[name]?.besideBpftrace === undefined ? "" : mark) &&
        theirs.output !== "";
      const areLive = await until(() => {
        statSync(mark, { throwIfNoEntry: false });
        return pairs.every(isLive);
      }, startMilliseconds);
      expect(areLive).toBe(true);
      await workload.step();
      const isDone = ({ name, ours, theirs }: Pair): boolean => {
        const tool = tools[name];
        if (tool === undefined || tool.printsAtEnd === true) return true;
        return [ours, theirs].every((one) => linesOf(one, tool.rows).length >= tool.count);
      };
      await until(() => pairs.every(isDone), startMilliseconds);
    } finally {
      for (const { name, ours, theirs } of pairs) {
        ours.kill("SIGINT");
        // bpftrace 0.17 may not hear another signal.
        theirs.kill(tools[name]?.besideBpftrace === undefined ? "SIGINT" : "SIGKILL");
      }
      await Promise.all(both.map((command) => endOf(command)));
    }
    const told = (which: "ours" | "theirs"): Record<string, string[]> =>
      Object.fromEntries(
        pairs.map((pair) => {
          const { rows = /$^/, differing, besideBpftrace } = tools[pair.name] ?? {};
          const extra = which === "ours" ? besideBpftrace : undefined;
          const lines = linesOf(pair[which], rows);
          return [pair.name, lines.map((line) => words(line, differing, extra)).sort()];
        }),
      );
    expect(told("ours")).toEqual(told("theirs"));
    for (const [name, lines] of Object.entries(told("theirs"))) {
      expect([name, lines.length]).toEqual([name, tools[name]?.count]);
    }
  },
  120_000,
);

besideTools(
  "and have their headings, where each is of its own moment",
  async () => {
    const pairs = Object.keys(headings).map((name) => start(name, ["1", "1"]));
    await Promise.all(pairs.flatMap(({ ours, theirs }) => [endOf(ours), endOf(theirs)]));
    for (const { name, ours, theirs } of pairs) {
      const pattern = headings[name] ?? /$^/;
      const heading = linesOf(theirs, pattern)[0] ?? "";
      expect([name, words(linesOf(ours, pattern)[0] ?? "")]).toEqual([name, words(heading)]);
      expect(heading).not.toBe("");
    }
  },
  60_000,
);

const writeCount = 400;

/** Of the disk that has completed most: "MAJOR MINOR NAME READS …, 8th WRITES" (Documentation/admin-guide/iostats.rst). */
function completedWrites(): number {
  const lines = readFileSync("/proc/diskstats", "utf8").trim().split("\n");
  return Math.max(0, ...lines.map((line) => Number(line.trim().split(/\s+/)[7])));
}

/** A histogram's rows: where each begins, and how many fell there. */
function rowsOf({ output }: RunningCommand): readonly (readonly [number, number])[] {
  return [...output.matchAll(/^ *(\d+) -> \d+ +: (\d+)/gm)].map(([, from, count]) => [
    Number(from),
    Number(count),
  ]);
}

/** The power of two at which half have come. */
function middle(rows: readonly (readonly [number, number])[]): number {
  const total = rows.reduce((sum, [, count]) => sum + count, 0);
  let seen = 0;
  const [from = 0] = rows.find(([, count]) => (seen += count) * 2 >= total) ?? [];
  return Math.round(Math.log2(from + 1));
}

besideTools(
  "biolatency sees what the packaged one sees of a disk that is written to",
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "sonde-file-tools-"));
    const { ours, theirs } = start("biolatency", []);
    const both = [ours, theirs];
    try {
      const isLive = ({ output }: RunningCommand): boolean => output.startsWith("Tracing block");
      expect(await until(() => both.every(isLive), startMilliseconds)).toBe(true);
      const before = completedWrites();
      const file = `of=${join(folder, "written")}`;
      execFileSync("dd", ["if=/dev/zero", file, "bs=4k", `count=${writeCount}`, "oflag=dsync"], {
        stdio: "ignore",
      });
      // All of them, unless the folder is in memory. The first may be too early for one that has just greeted.
      const reached = Math.min(writeCount, completedWrites() - before);
      for (const command of both) command.kill("SIGINT");
      await Promise.all(both.map((command) => endOf(command)));
      const [own = [], packaged = []] = both.map(rowsOf);
      for (const rows of [own, packaged]) {
        const total = rows.reduce((sum, [, count]) => sum + count, 0);
        expect(total).toBeGreaterThan(reached / 2);
      }
      // They begin and end at moments of their own, between which others write, too.
      expect(Math.abs(middle(own) - middle(packaged))).toBeLessThanOrEqual(1);
    } finally {
      for (const command of both) command.kill("SIGKILL");
      rmSync(folder, { recursive: true });
    }
  },
  60_000,
);
