import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const source = fileURLToPath(new URL("generator.c", import.meta.url));
const substitute = fileURLToPath(new URL("generator-without-gcc.js", import.meta.url));

/** @type {{ readonly command: string, readonly args: readonly string[], readonly language: "C" | "JavaScript" } | undefined} */
let built;

/** Compiles generator.c once, into a directory that is removed at exit; without gcc takes the slower one in JavaScript. */
function buildGenerator() {
  if (built === undefined) {
    const directory = mkdtempSync(join(tmpdir(), "sonde-generator-"));
    process.on("exit", () => {
      rmSync(directory, { recursive: true, force: true });
    });
    const program = join(directory, "generator");
    try {
      execFileSync("gcc", ["-O2", "-Wall", "-Wextra", "-Werror", "-o", program, source]);
      built = { command: program, args: [], language: "C" };
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) {
        throw error;
      }
      built = { command: process.execPath, args: [substitute], language: "JavaScript" };
    }
  }
  return built;
}

/**
 * Starts a process that will call getppid(2), or another, exactly `count` times once `run` is called, at `ratePerSecond` or,
 * without it, as fast as it goes, on one CPU if one is named.
 *
 * @param {{ readonly count: number, readonly ratePerSecond?: number, readonly cpu?: number, readonly call?: string }} options
 * @returns {Promise<Generator>}
 *
 * @typedef {object} Generator
 * @property {number} pid
 * @property {"C" | "JavaScript"} language
 * @property {() => Promise<{ readonly count: number, readonly seconds: number, readonly cpuSeconds: number }>} run
 *   Makes the calls; ends when they have all been made.
 * @property {() => void} stop Ends the process; idempotent.
 */
export async function startGenerator({ count, ratePerSecond = 0, cpu = -1, call = "getppid" }) {
  const { command, args, language } = buildGenerator();
  const argv = [...args, String(count), String(ratePerSecond), String(cpu), call];
  const child =
    language === "JavaScript" && cpu >= 0
      ? spawn("taskset", ["-c", String(cpu), command, ...argv], {
          stdio: ["pipe", "pipe", "inherit"],
        })
      : spawn(command, argv, { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const expectLine = async (/** @type {string} */ word) => {
    const { value } = await lines.next();
    const words = typeof value === "string" ? value.split(" ") : [];
    if (words[0] !== word) {
      throw new TypeError(`generator: expected "${word}", got ${String(value)}`);
    }
    return words.slice(1).map(Number);
  };
  const [pid = 0] = await expectLine("ready");
  return {
    pid,
    language,
    async run() {
      child.stdin.end("g");
      const [made = 0, nanoseconds = 0, cpuNanoseconds = 0] = await expectLine("done");
      return { count: made, seconds: nanoseconds / 1e9, cpuSeconds: cpuNanoseconds / 1e9 };
    },
    stop() {
      child.kill("SIGKILL");
    },
  };
}
