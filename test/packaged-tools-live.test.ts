import { readFileSync } from "node:fs";
import { expect } from "@jest/globals";
import { type SideBySide, traceBesideBpftrace } from "./support/beside-bpftrace.js";
import { requiresCommand } from "./support/requires.js";
import { Workload } from "./support/workload.js";

/** The tools of Debian's bpftrace that this kernel has the probes for, in bpftrace and in sonde, all at once. */
const besideBpftrace = requiresCommand("bpftrace", "bpftrace", "tracepoint", "uprobe", "ringbuf");

const comm = "par-tools";

/** By tool, which of the lines are what the workload did; the lines before all others are compared of all of them. */
const tools: Readonly<Record<string, RegExp | undefined>> = {
  execsnoop: /tools-one/,
  gethostlatency: /par-tools/,
  killsnoop: /par-tools/,
  naptime: /par-tools/,
  opensnoop: /par-tools .*\/none\/tools/,
  setuids: /par-tools/,
  statsnoop: /par-tools .*\/none\/tools/,
  syncsnoop: /par-tools/,
  bitesize: undefined,
  cpuwalk: /^@cpu:/,
  syscount: /^Top/,
  writeback: undefined,
};

const steps = `
  use Socket (); Socket::getaddrinfo("localhost");
  my ($path, $room) = ("/none/tools", "x" x 512);
  $SIG{USR1} = "IGNORE"; kill("USR1", $$); kill("USR1", 999999);
  my $pause = pack("qq", 0, 20_000_000); syscall(35, $pause, 0);
  open(my $file, "<", $path); open($file, "<", "/etc/hostname");
  syscall(105, 0); syscall(117, 0, 0, 0);
  syscall(4, $path, $room); syscall(137, $path, $room);
  syscall(74, fileno($file)); syscall(75, fileno($file));
  system("/bin/echo", "tools-one", "two words");`;

/** Lines that are equal when the same was seen: times and durations are not, nor how columns are filled up for them. */
function seen(output: string, rows: RegExp | undefined): string[] {
  const lines = output.split("\n");
  const start = lines.findIndex((line) => rows?.test(line) === true || /^\d|^@/.test(line));
  // What others' commands have in their arguments may have lines of its own.
  const head = lines
    .slice(0, start === -1 ? 2 : Math.min(start, 2))
    .filter((line) => line === "" || /^[A-Z@]/.test(line));
  const mine = rows === undefined ? [] : lines.filter((line) => rows.test(line));
  return [...head, ...mine.map(withoutTimes)];
}

function withoutTimes(line: string): string {
  return line
    .replace(/^\d\d:\d\d:\d\d(\.\d+)?/, "TIME")
    .replace(/^\d+ +(?=\d+ .*tools-one)/, "MS ")
    .replace(/ +\d+(?= localhost)/, " MS")
    .replace(/\[\d+\]: \d+$/, "[ID]: COUNT");
}

besideBpftrace(
  "the packaged tools print in sonde what they print in bpftrace",
  async () => {
    const workload = await Workload.start(comm, steps);
    const names = Object.keys(tools);
    let waiting = names.length;
    let begin = (): void => undefined;
    const allAttached = new Promise<void>((resolve) => (begin = resolve));
    const work = allAttached.then(async () => {
      await workload.step();
    });
    const runs = names.map(async (name): Promise<readonly [string, SideBySide]> => {
      const text = readFileSync(`/usr/sbin/${name}.bt`, "utf8").replace(/^#!.*\n/, "");
      const both = await traceBesideBpftrace(text, async () => {
        waiting -= 1;
        if (waiting === 0) begin();
        await work;
      });
      return [name, both];
    });
    const all = await Promise.all(runs);
    const of = (which: keyof SideBySide): Record<string, string[]> =>
      Object.fromEntries(all.map(([name, both]) => [name, seen(both[which], tools[name])]));
    const theirs = of("bpftrace");
    expect(of("sonde")).toEqual(theirs);
    for (const [name, lines] of Object.entries(theirs)) {
      const rows = tools[name];
      if (rows !== undefined) expect(lines.join("\n")).toMatch(new RegExp(rows.source, "m"));
    }
  },
  120_000,
);
