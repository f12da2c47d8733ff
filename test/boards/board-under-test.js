import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const sondeCommand = fileURLToPath(new URL("../../packages/host/bin/sonde.cjs", import.meta.url));
/** Everything on an emulated board takes its time; what takes longer than this hangs. */
const limitMilliseconds = 180_000;

/**
 * How a command of ours ended, and what it printed.
 *
 * @typedef {{ code: number | string, output: string, errors: string }} Outcome
 */

/** A machine that runs, and one of the ways to its agent: what a check needs to speak with it. */
export class BoardUnderTest {
  machine;
  #target;

  /**
   * @param {import("./machine.js").Machine} machine
   * @param {string} target
   */
  constructor(machine, target) {
    this.machine = machine;
    this.#target = target;
  }

  get board() {
    return this.machine.board;
  }

  /**
   * Starts `sonde` with this board as its target.
   *
   * @param {string} command
   * @param {readonly string[]} args
   */
  start(command, ...args) {
    const child = spawn(process.execPath, [sondeCommand, command, "-t", this.#target, ...args], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...withoutSettings(), SONDE_KEY_FILE: this.machine.keyFile },
    });
    const said = { output: "", errors: "" };
    child.stdout.setEncoding("utf8").on("data", (/** @type {string} */ text) => {
      said.output += text;
    });
    child.stderr.setEncoding("utf8").on("data", (/** @type {string} */ text) => {
      said.errors += text;
    });
    const timer = setTimeout(() => child.kill("SIGKILL"), limitMilliseconds);
    /** @type {Promise<Outcome>} */
    const ended = new Promise((resolve) => {
      child.once("close", (code, signal) => {
        clearTimeout(timer);
        resolve({ code: code ?? signal ?? "", ...said });
      });
    });
    return { child, said, ended };
  }

  /**
   * Runs `sonde` to its end, which must be a good one, and gives what it printed.
   *
   * @param {string} command
   * @param {readonly string[]} args
   */
  async sonde(command, ...args) {
    const outcome = await this.start(command, ...args).ended;
    if (outcome.code !== 0) throw new Error(`sonde ${command} ${describeOutcome(outcome)}`);
    return outcome.output;
  }

  /**
   * Starts a program of the language, does something on the board once it is attached, and interrupts it when `isEnough`.
   *
   * @param {string} command
   * @param {readonly string[]} args
   * @param {{ begun: RegExp, then?: () => Promise<void>, isEnough?: (output: string) => boolean, patienceSeconds?: number }} course
   *   `begun` is in what it prints on either output; each of both is waited for so long
   */
  async interrupted(command, args, { begun, then, isEnough = () => true, patienceSeconds = 90 }) {
    const running = this.start(command, ...args);
    const { child, said } = running;
    const until = async (/** @type {() => boolean} */ isTrue) => {
      const deadline = performance.now() + patienceSeconds * 1000;
      while (!isTrue() && child.exitCode === null && performance.now() < deadline) {
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    };
    await until(() => begun.test(said.errors + said.output));
    await then?.();
    await until(() => isEnough(said.output));
    child.kill("SIGINT");
    const outcome = await running.ended;
    if (outcome.code !== 130) throw new Error(`sonde ${command} ${describeOutcome(outcome)}`);
    return outcome;
  }

  /** What a program of the language prints until it ends by itself, without empty lines at either end. */
  async trace(/** @type {string} */ program) {
    const output = await this.sonde("trace", "-e", program);
    return output.trim();
  }
}

/** @param {Outcome} outcome */
export function describeOutcome({ code, output, errors }) {
  return `ended with ${code}: ${[errors, output].map((text) => text.trim()).join("\n")}`;
}

/** Without what a person has set for `sonde` in their shell, and in their config file. */
function withoutSettings() {
  const others = Object.entries(process.env).filter(([name]) => !name.startsWith("SONDE_"));
  return { ...Object.fromEntries(others), SONDE_CONFIG: "/nonexistent/config.json" };
}
