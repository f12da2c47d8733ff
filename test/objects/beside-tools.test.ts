import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect } from "@jest/globals";
import { RunningCommand, until } from "../support/processes.js";
import { requiresCommand } from "../support/requires.js";
import { embeddedObjects } from "./embedded-objects.js";

const folder = mkdtempSync(join(tmpdir(), "sonde-beside-"));
const sonde = new URL("../../packages/host/bin/sonde.cjs", import.meta.url).pathname;
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

/** The object within a tool, as a file. */
function objectOf(tool: string): string {
  const [object] = embeddedObjects(`/usr/sbin/${tool}`);
  if (object === undefined) throw new Error(`${tool} has no object in it`);
  const path = join(folder, `${tool}.bpf.o`);
  writeFileSync(path, object.bytes);
  return path;
}

interface JsonLine {
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** Runs a tool and its object beside each other while something is done; gives what each printed. */
async function besideTool(
  tool: string,
  options: readonly string[],
  work: () => void,
  isDone: (output: string) => boolean,
): Promise<{ readonly theirs: string; readonly ours: readonly JsonLine[] }> {
  const theirs = new RunningCommand(`/usr/sbin/${tool}`, [], { stdio: ["ignore", "pipe", "pipe"] });
  const args = [sonde, "run", objectOf(tool), "-f", "json", "--no-maps", ...options];
  const ours = new RunningCommand(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
  try {
    await until(() => theirs.output.includes("PID") && ours.errors.includes("Attached"), 60_000);
    work();
    await until(() => isDone(theirs.output) && isDone(ours.output), 60_000);
  } finally {
    theirs.kill("SIGINT");
    ours.kill("SIGINT");
    await Promise.all([theirs.ended, ours.ended]);
  }
  const lines = ours.output.split("\n").filter((line) => line !== "");
  return { theirs: theirs.output, ours: lines.map((line) => JSON.parse(line) as JsonLine) };
}

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
      const { theirs, ours } = await besideTool(
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
      const { theirs, ours } = await besideTool(
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
});
