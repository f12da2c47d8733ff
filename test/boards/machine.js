// A board that runs: a machine of QEMU's, reached over ports of this machine's loopback.
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { agentFiles, otherAgentProgram, runsNode } from "./agent-files.js";
import { architectures } from "./architectures.js";
import { cpioArchive } from "./cpio.js";
import { kernelFolder } from "./kernel-image.js";
import { runProgram } from "../../scripts/debian/run-program.js";
import { nodeArchive } from "./node-runtime.js";
import { userlandArchive } from "./userland.js";

/** @typedef {import("./boards.js").Board} Board */
/** @typedef {{ agentPort: number, shellPort: number, serialPort: number, otherPort: number }} HostPorts  of this machine */

/** Of the machine, not of the person who started it: nothing outlives this process. */
const dieWithParent = ["setpriv", "--pdeathsig", "KILL", "--"];

const ports = { agent: 4650, shell: 4651, otherAgent: 4652 };
const baud = 115_200;

export class Machine {
  /** @type {Board} */
  board;
  /** Where the agent is reached over the network, and over the second serial port. */
  networkTarget;
  serialTarget;
  /** Where a second agent is reached, while there is one: `startOtherAgent`. */
  otherTarget;
  /** The file with the agent's key, which both have. */
  keyFile;
  shellPort;
  /** Whether an agent was built for it: without one it starts, but nothing can be traced there. */
  hasAgent;
  #process;
  #console = "";
  /** @type {Promise<void>} */
  #ended;
  #hasEnded = false;

  /**
   * @param {Board} board
   * @param {string} folder
   * @param {HostPorts} hostPorts
   * @param {readonly string[]} commandLine
   */
  constructor(board, folder, { agentPort, shellPort, serialPort, otherPort }, commandLine) {
    this.board = board;
    this.networkTarget = `ws://127.0.0.1:${agentPort}`;
    this.otherTarget = `ws://127.0.0.1:${otherPort}`;
    this.serialTarget = `tcp://127.0.0.1:${serialPort}?baud=${baud}`;
    this.keyFile = join(folder, "board.key");
    this.shellPort = shellPort;
    this.hasAgent = agentFiles(board).length > 0;
    const [program = "", ...args] = commandLine;
    // In a process group of its own: Ctrl-C is for us.
    this.#process = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], detached: true });
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream.setEncoding("utf8").on("data", (/** @type {string} */ text) => {
        this.#console += text;
      });
    }
    this.#ended = new Promise((resolve) => {
      const end = () => {
        this.#hasEnded = true;
        rmSync(folder, { recursive: true, force: true });
        resolve();
      };
      this.#process.once("close", end);
      this.#process.once("error", (error) => {
        this.#console += error.message;
        end();
      });
    });
  }

  /** What the kernel and the init script have printed. */
  get console() {
    return this.#console;
  }

  /** Resolves when the machine is off. */
  get ended() {
    return this.#ended;
  }

  /**
   * Builds what is not in the cache, starts the machine, and waits until its agent listens.
   *
   * @param {Board} board
   * @param {(what: string) => void} report
   */
  static async start(board, report) {
    const architecture = architectures[board.architecture];
    await requireEmulator(architecture);
    const kernel = await kernelFolder(board, report);
    const archives = [
      await userlandArchive(architecture, report),
      ...(runsNode(board) ? [await nodeArchive(architecture, report)] : []),
      join(kernel, "modules.cpio"),
    ];
    const folder = mkdtempSync(join(tmpdir(), "sonde-board-"));
    const key = randomBytes(32).toString("hex");
    writeFileSync(join(folder, "board.key"), key, { mode: 0o600 });
    const initrd = join(folder, "initrd");
    for (const archive of archives) appendFileSync(initrd, readFileSync(archive));
    appendFileSync(initrd, ownArchive(board, key, kernel));
    const hostPorts = {
      agentPort: await freePort(),
      shellPort: await freePort(),
      serialPort: await freePort(),
      otherPort: await freePort(),
    };
    report("starting the machine");
    const machine = new Machine(board, folder, hostPorts, [
      ...dieWithParent,
      ...qemuCommand(board, join(kernel, "vmlinuz"), initrd, hostPorts),
    ]);
    try {
      await machine.#untilReady();
    } catch (error) {
      await machine.stop();
      throw error;
    }
    return machine;
  }

  /** Runs commands of a shell on the board, and gives what they print. */
  async shell(/** @type {string} */ commands) {
    const socket = connect(this.shellPort, "127.0.0.1");
    let output = "";
    socket.setEncoding("utf8").on("data", (/** @type {string} */ text) => {
      output += text;
    });
    socket.setTimeout(30_000, () => {
      socket.destroy(new Error(`${this.board.name}: no answer to: ${commands}`));
    });
    socket.write(`exec 2>&1\n${commands}\nexit\n`);
    await once(socket, "close");
    return output;
  }

  /** Starts a second agent with options of its own beside the one that is always there; resolves when it listens. */
  async startOtherAgent(/** @type {string} */ options) {
    await this.stopOtherAgent();
    const how = `--listen ws://0.0.0.0:${ports.otherAgent} --key-file /etc/sonde.key ${options}`;
    await this.shell(
      `/${otherAgentProgram} ${how} </dev/null >${otherAgent.log} 2>&1 &\necho $! >${otherAgent.pid}`,
    );
    const deadline = performance.now() + bootMilliseconds;
    for (;;) {
      const log = await this.shell(`cat ${otherAgent.log}; kill -0 $(cat ${otherAgent.pid})`);
      if (/^listening on ws:/m.test(log)) return;
      if (/no such process/i.test(log) || performance.now() > deadline) {
        throw new Error(`a second agent (${options}) did not start: ${log}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  /** With no time to clean up, if there is one. */
  async stopOtherAgent() {
    await this.shell(`kill -9 $(cat ${otherAgent.pid}); rm -f ${otherAgent.pid}`);
  }

  /** As if the power had been cut. */
  async stop() {
    this.#process.kill("SIGTERM");
    await this.#ended;
  }

  /** Throws when it ended by itself, with what it said last. */
  requireRunning() {
    if (this.#hasEnded) throw this.#fault("ended by itself");
  }

  #fault(/** @type {string} */ what) {
    const last = this.#console.trimEnd().split("\n").slice(-30).join("\n  ");
    return new Error(`${this.board.name} ${what}. Its console:\n  ${last}`);
  }

  async #untilReady() {
    const deadline = performance.now() + bootMilliseconds;
    const ready = this.hasAgent ? /^listening on ws:/m : /^sonde-board: no agent/m;
    while (!ready.test(this.#console)) {
      const why = this.#hasEnded
        ? "the machine ended"
        : this.#console.includes(agentEnded)
          ? "its agent ended"
          : performance.now() > deadline
            ? `it took more than ${bootMilliseconds / 1000} s`
            : undefined;
      if (why !== undefined) throw this.#fault(`did not start: ${why}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

/** Of a second agent: what it says, and its process. */
const otherAgent = { log: "/run/other-agent.log", pid: "/run/other-agent.pid" };
/** As init.sh says it. */
const agentEnded = "sonde-board: the agent ended";
/** Emulated, on a machine that has other things to do. */
const bootMilliseconds = 180_000;

/** @param {import("./architectures.js").Architecture} architecture */
async function requireEmulator({ qemu, qemuPackage }) {
  await runProgram(qemu, ["--version"]).catch((/** @type {unknown} */ cause) => {
    throw new Error(`${qemu} is needed: apt-get install ${qemuPackage}`, { cause });
  });
}

/**
 * The init script, the board's settings and the agent as it was built last: what changes often.
 *
 * @param {Board} board
 * @param {string} key
 * @param {string} kernel the folder with what belongs to its kernel
 */
function ownArchive(board, key, kernel) {
  const { serialDevice } = architectures[board.architecture];
  const options = `--listen ws://0.0.0.0:${ports.agent} --key-file /etc/sonde.key --serial ${serialDevice} --baud ${baud}`;
  const settings = `NAME=${board.name}\nHIDE_BTF=${board.hidesBtf ? "yes" : ""}\nAGENT_OPTIONS="${options}"\n`;
  const script = (/** @type {string} */ path, /** @type {string} */ name) => ({
    path,
    content: readFileSync(new URL(name, import.meta.url)),
    isExecutable: true,
  });
  return cpioArchive([
    script("init", "init.sh"),
    ...(board.devices === undefined ? [] : [script("usr/bin/i2c-memory", "i2c-memory.sh")]),
    { path: "etc/sonde-board", content: Buffer.from(settings) },
    { path: "etc/sonde.key", content: Buffer.from(key), isSecret: true },
    { path: "boot" },
    { path: "boot/config", content: readFileSync(join(kernel, "config")) },
    ...agentFiles(board),
  ]);
}

/**
 * @param {Board} board
 * @param {string} kernel
 * @param {string} initrd
 * @param {HostPorts} hostPorts
 */
function qemuCommand(board, kernel, initrd, { agentPort, shellPort, serialPort, otherPort }) {
  const architecture = architectures[board.architecture];
  const { qemu, accelerator, machine, cpu, console, serialPort: secondPort } = architecture;
  const forward = (/** @type {number} */ from, /** @type {number} */ to) =>
    `hostfwd=tcp:127.0.0.1:${from}-:${to}`;
  return [
    ...[qemu, "-accel", accelerator, "-nodefaults", "-display", "none", "-no-reboot"],
    ...["-smp", "2", "-m", String(board.memoryMegabytes), ...machine, "-cpu", board.cpu ?? cpu],
    ...[
      "-netdev",
      [
        "user,id=net",
        forward(agentPort, ports.agent),
        forward(shellPort, ports.shell),
        forward(otherPort, ports.otherAgent),
      ].join(),
    ],
    ...["-serial", "stdio"],
    ...[
      "-chardev",
      `socket,id=line,host=127.0.0.1,port=${serialPort},server=on,wait=off,nodelay=on`,
    ],
    ...secondPort,
    ...(board.devices?.arguments ?? []),
    ...["-kernel", kernel, "-initrd", initrd, "-append"],
    `console=${console},${baud} panic=-1 quiet ${board.commandLine}`,
  ];
}

/** @returns {Promise<number>} */
async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port is free");
  return address.port;
}
