import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** @typedef {{ pid: number, address: bigint, name: string, offset: bigint, isKernel: boolean }} Frame */

const hertz = 1999;

/** Frames that bpftrace names, of so many samples in these processes. @returns {Promise<readonly Frame[]>} */
export async function sampleByBpftrace(
  /** @type {readonly number[]} */ pids,
  /** @type {number} */ stackCount,
) {
  const filter = pids.map((pid) => `pid == ${pid}`).join(" || ");
  const program = `profile:hz:${hertz} /${filter}/ {
    printf("#%d\\n%s%s", pid, kstack(perf), ustack(perf)); @++; if (@ >= ${stackCount}) { exit(); } }`;
  const tracer = spawn("bpftrace", ["-q", "-e", program], {
    // What it says there is of stacks that found no room.
    stdio: ["ignore", "pipe", "ignore"],
    // Else it reads a program's symbols anew for each stack.
    env: { ...process.env, BPFTRACE_CACHE_USER_SYMBOLS: "1" },
  });
  /** @type {Frame[]} */
  const frames = [];
  let pid = 0;
  for await (const line of createInterface({ input: tracer.stdout })) {
    if (line.startsWith("#")) pid = Number(line.slice(1));
    const [, address = "", name = "", offset = ""] =
      /^\s+([\da-f]+) (.+?)\+(\d+)(?: \(.*\))?$/.exec(line) ?? [];
    if (name === "") continue;
    frames.push({ pid, ...place(address), name, offset: BigInt(offset) });
  }
  return frames;
}

/** The same with perf, which says of a process's address where in a file it is. @returns {Promise<readonly Frame[]>} */
export async function sampleByPerf(
  /** @type {readonly number[]} */ pids,
  /** @type {number} */ stackCount,
) {
  const folder = mkdtempSync(join(tmpdir(), "sonde-bench-"));
  const data = join(folder, "perf.data");
  try {
    const recorder = spawn("perf", [
      ...["record", "--no-buildid", "--no-buildid-cache", "-q", "-e", "cpu-clock"],
      ...["-F", String(hertz), "-g", "-o", data, "-p", pids.join(",")],
      ...["--", "sleep", String(Math.ceil(stackCount / hertz) + 1)],
    ]);
    await once(recorder, "close");
    const { stdout } = spawnSync(
      "perf",
      ["script", "--no-demangle", "-i", data, "-F", "pid,ip,sym,symoff,dso"],
      { encoding: "utf8", maxBuffer: 2 ** 30, stdio: ["ignore", "pipe", "ignore"] },
    );
    return [...framesOfPerf(stdout, new Map(pids.map((pid) => [pid, mappedCode(pid)])))];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/**
 * A line with the process before each stack, and then one for each frame. @returns {Generator<Frame>}
 */
function* framesOfPerf(
  /** @type {string} */ text,
  /** @type {ReadonlyMap<number, ReturnType<typeof mappedCode>>} */ mapped,
) {
  let pid = 0;
  for (const line of text.split("\n")) {
    pid = Number(/^\s*(\d+)\s*$/.exec(line)?.[1] ?? pid);
    const [, digits = "", versioned = "", offset = "", file] =
      /^\s+([\da-f]+) (.+)\+0x([\da-f]+) \((.*)\)$/.exec(line) ?? [];
    if (digits === "") continue;
    const named = { pid, name: versioned.replace(/@(?!plt).*/, ""), offset: BigInt(`0x${offset}`) };
    const { address, isKernel } = place(digits);
    if (isKernel) {
      yield { ...named, address, isKernel };
      continue;
    }
    const part = mapped
      .get(pid)
      ?.find(
        ({ path, fileOffset, sizeBytes }) =>
          path === file && address >= fileOffset && address < fileOffset + sizeBytes,
      );
    // The vdso, and what is compiled while it runs.
    if (part === undefined) continue;
    yield { ...named, address: address - part.fileOffset + part.start, isKernel };
  }
}

function place(/** @type {string} */ digits) {
  const address = BigInt(`0x${digits}`);
  return { address, isKernel: address >= 1n << 63n };
}

/** What a process runs code of. */
function mappedCode(/** @type {number} */ pid) {
  return readFileSync(`/proc/${pid}/maps`, "utf8")
    .split("\n")
    .flatMap((line) => {
      const [, start, end, offset, path] =
        /^([\da-f]+)-([\da-f]+) ..x. ([\da-f]+) \S+ \S+ +(\/.*)$/.exec(line) ?? [];
      if (path === undefined) return [];
      const [from, to] = [BigInt(`0x${start}`), BigInt(`0x${end}`)];
      return [{ path, start: from, sizeBytes: to - from, fileOffset: BigInt(`0x${offset}`) }];
    });
}
