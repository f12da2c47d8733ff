import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  closeSync,
  copyFileSync,
  existsSync,
  fsyncSync,
  mkdtempSync,
  openSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect } from "@jest/globals";
import { onlyOneUses } from "../support/only-one.js";
import { requiresCommand } from "../support/requires.js";
import { BesideTool, type Histogram } from "./beside-tool.js";

onlyOneUses("disk");

const folder = mkdtempSync(join(tmpdir(), "sonde-beside-"));
const beside = new BesideTool(folder);
/** Nobody else runs a program of this name. */
const worker = join(folder, "objworker");

/** The record of bookworm's opensnoop, which the object itself does not tell: clang keeps no types of local variables. */
const opensnoopTypes = `
struct event {
  __u64 ts;
  pid_t pid;
  uid_t uid;
  int ret;
  int flags;
  __u64 callers[2];
  char comm[16];
  char fname[255];
};`;

beforeAll(() => {
  copyFileSync("/bin/cat", worker);
  writeFileSync(join(folder, "opensnoop.h"), opensnoopTypes);
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** Each CPU has its own buffer: what comes from different ones has no order. */
function sorted(rows: readonly (readonly unknown[])[]): readonly string[] {
  return rows.map((row) => JSON.stringify(row)).sort();
}

const testTools = requiresCommand("bpftool", "libbpf-tools bpftool", "tracepoint");

describe("objects tell what the tools around them tell", () => {
  testTools(
    "opensnoop",
    async () => {
      expect(existsSync("/usr/sbin/opensnoop")).toBe(true);
      const paths = [1, 2, 3].map((number) => join(folder, `opened-${number}`));
      writeFileSync(paths[0] ?? "", "");
      const { theirs, ours } = await beside.run(
        "opensnoop",
        ["--types", join(folder, "opensnoop.h")],
        () => spawnSync(worker, paths, { stdio: "ignore" }),
        (output) => paths.every((path) => output.includes(path)),
      );
      // PID COMM FD ERR PATH
      const told = [...theirs.matchAll(/^(\d+) +objworker +(-?\d+) +(\d+) +(\S+)$/gm)]
        .map(([, pid, fd, errno, path]) => [Number(pid), Number(fd), Number(errno), path])
        .filter(([, , , path]) => paths.includes(String(path)));
      const own = ours
        .filter(({ data }) => data["comm"] === "objworker" && paths.includes(String(data["fname"])))
        .map(({ data }) => {
          const ret = Number(data["ret"]);
          return [data["pid"], ret < 0 ? -1 : ret, ret < 0 ? -ret : 0, data["fname"]];
        });
      expect(told).toHaveLength(3);
      expect(sorted(own)).toEqual(sorted(told));
    },
    180_000,
  );

  testTools(
    "execsnoop",
    async () => {
      const marks = ["one two", "three", "four"];
      const { theirs, ours } = await beside.run(
        "execsnoop",
        [],
        () => {
          for (const mark of marks) spawnSync(worker, ["/dev/null", mark], { stdio: "ignore" });
        },
        (output) => output.split("objworker").length > marks.length,
      );
      // PCOMM PID PPID RET ARGS
      const told = [...theirs.matchAll(/^objworker +(\d+) +(\d+) +(-?\d+) +(.*)$/gm)].map(
        ([, pid, parent, ret, args = ""]) => [
          Number(pid),
          Number(parent),
          Number(ret),
          args.trim(),
        ],
      );
      const own = ours
        .filter(({ data }) => data["comm"] === "objworker")
        .map(({ data }) => [data["pid"], data["ppid"], data["retval"], data["args"]]);
      expect(told).toHaveLength(marks.length);
      expect(sorted(own)).toEqual(sorted(told));
    },
    180_000,
  );

  testTools(
    "biolatency",
    async () => {
      const file = openSync(join(folder, "written"), "w");
      const { theirs, ours } = await beside.histograms("biolatency", [], [], () => {
        // Each of these waits for the disk.
        for (let count = 0; count < 200; count++) {
          writeSync(file, `${count}`);
          fsyncSync(file);
        }
      });
      closeSync(file);
      expectAlike(ours, theirs);
    },
    180_000,
  );

  testTools(
    "runqlat",
    async () => {
      // Sleeps for a millisecond, over and over, so that it has to be waken.
      const script = `process.stdin.once("data", () => {
        let count = 0;
        const timer = setInterval(() => { if (++count === 300) { clearInterval(timer); process.exit(); } }, 1);
      });`;
      const sleeper = spawn(process.execPath, ["-e", script], {
        stdio: ["pipe", "ignore", "ignore"],
      });
      const [pid, ended] = [String(sleeper.pid), once(sleeper, "exit")];
      const { theirs, ours } = await beside.histograms(
        "runqlat",
        ["-p", pid],
        ["--set", `targ_tgid=${pid}`, "--maps", "hists"],
        async () => {
          sleeper.stdin.write("go\n");
          await ended;
        },
      );
      expectAlike(ours, theirs);
    },
    180_000,
  );
});

/** Both see the same moments, but for the first and last ones; each measures by itself, and not at the same instant. */
function expectAlike(ours: Histogram, theirs: Histogram): void {
  const total = (histogram: Histogram): number =>
    [...histogram.values()].reduce((sum, count) => sum + count, 0);
  expect(total(theirs)).toBeGreaterThanOrEqual(100);
  const room = 5 + total(theirs) / 20;
  expect(Math.abs(total(ours) - total(theirs))).toBeLessThan(room);
  let [below, belowTheirs] = [0, 0];
  for (let start = 1; start < 2 ** 27; start *= 2) {
    below += ours.get(start === 1 ? 0 : start) ?? 0;
    belowTheirs += theirs.get(start === 1 ? 0 : start) ?? 0;
    expect(Math.abs(below - belowTheirs)).toBeLessThan(2 * room);
  }
}
