import { decodeUtf8, encodeUtf8 } from "@sonde/protocol";
import { type CallByName } from "../epoll.js";
import {
  type Machine,
  type ProgramReceiver,
  StartError,
  type StartedProgram,
  type System,
  type Watch,
} from "../system.js";
import { type ChildProcesses } from "./child-processes.js";

/** include/uapi/asm-generic/fcntl.h, include/uapi/linux/fcntl.h, include/uapi/linux/stat.h: those that are the same everywhere. */
const O_RDONLY = 0;
const O_CLOEXEC = 0o2_000_000;
const AT_FDCWD = -100;
const STATX_TYPE = 1;
const S_IFMT = 0o170_000;
const S_IFREG = 0o100_000;

const usualPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const readSizeBytes = 65_536;
/** include/uapi/linux/limits.h, PATH_MAX */
const pathLimitBytes = 4096;

/** Signals that end a program, by their numbers, as far as these are the same everywhere. */
const signalNames: Readonly<Record<number, string>> = {
  ...{ 1: "SIGHUP", 2: "SIGINT", 3: "SIGQUIT", 4: "SIGILL", 5: "SIGTRAP", 6: "SIGABRT" },
  ...{ 8: "SIGFPE", 9: "SIGKILL", 11: "SIGSEGV", 13: "SIGPIPE", 14: "SIGALRM", 15: "SIGTERM" },
};

interface Parts {
  readonly call: CallByName;
  readonly machine: Machine;
  readonly children: ChildProcesses;
  readonly watch: System["watch"];
  readonly addressOf: System["addressOf"];
}

/** Starts programs, with their output on pipes that the loop reads. */
export class ProgramStarter {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** As System.startProgram says. Throws StartError. */
  start(argv: readonly string[], receiver: ProgramReceiver): StartedProgram {
    const [file = ""] = argv;
    const environment = this.#readEnvironment();
    const path = this.#find(file, environment);
    if (path === undefined) throw new StartError(`start ${file}: it is not there, or no program`);
    const [outputRead, outputWrite] = this.#pipe(file);
    const [errorsRead, errorsWrite] = this.#pipe(file);
    const { call, children } = this.#parts;
    const program = new Program(this.#parts, receiver, { output: outputRead, errors: errorsRead });
    const pathBytes = cString(path);
    const words = this.#pointers(argv);
    const settings = this.#pointers(environment);
    const pid = children.start(
      () => {
        call("setsid");
        call("dup3", call("openat", AT_FDCWD, cString("/dev/null"), O_RDONLY), 0, 0);
        call("dup3", outputWrite, 1, 0);
        call("dup3", errorsWrite, 2, 0);
        call("execve", pathBytes, words.table, settings.table);
      },
      (status) => {
        program.setStatus(status);
      },
    );
    call("close", outputWrite);
    call("close", errorsWrite);
    if (pid < 0) {
      program.close();
      throw new StartError(`start ${file}: clone: errno ${-pid}`);
    }
    program.pid = pid;
    return program;
  }

  /** As MicroSystem.startAgain says. */
  startAgain(args: readonly string[], output: number, onExit: (code: number) => void): number {
    const { call, children } = this.#parts;
    const path = new Uint8Array(pathLimitBytes);
    // A link that has no name any more can be run itself.
    const own = cString("/proc/self/exe");
    call("readlinkat", AT_FDCWD, own, path, path.length - 1);
    const words = this.#pointers(["sonde-agent", ...args]);
    const settings = this.#pointers(this.#readEnvironment());
    return children.start(
      () => {
        call("setsid");
        call("chdir", cString("/"));
        call("dup3", call("openat", AT_FDCWD, cString("/dev/null"), O_RDONLY), 0, 0);
        call("dup3", output, 1, 0);
        call("dup3", output, 2, 0);
        call("execve", path, words.table, settings.table);
        call("execve", own, words.table, settings.table);
      },
      (status) => {
        onExit((status & 0x7f) === 0 ? (status >> 8) & 0xff : -1);
      },
    );
  }

  #pipe(file: string): readonly [number, number] {
    const { call, machine } = this.#parts;
    const fds = new Uint8Array(8);
    const result = call("pipe2", fds, O_CLOEXEC);
    if (result < 0) throw new StartError(`start ${file}: pipe2: errno ${-result}`);
    const view = new DataView(fds.buffer);
    return [view.getInt32(0, machine.isLittleEndian), view.getInt32(4, machine.isLittleEndian)];
  }

  /** "NAME=VALUE" of this process. */
  #readEnvironment(): readonly string[] {
    const { call } = this.#parts;
    const fd = call("openat", AT_FDCWD, cString("/proc/self/environ"), O_RDONLY | O_CLOEXEC);
    let text = "";
    const bytes = new Uint8Array(readSizeBytes);
    for (;;) {
      const count = call("read", fd, bytes, bytes.length);
      if (count <= 0) break;
      text += decodeUtf8(bytes.subarray(0, count));
    }
    if (fd >= 0) call("close", fd);
    return text.split("\0").filter((setting) => setting !== "");
  }

  #find(file: string, environment: readonly string[]): string | undefined {
    if (file.includes("/")) return this.#isFile(file) ? file : undefined;
    const setting = environment.find((one) => one.startsWith("PATH="));
    const folders = (setting?.slice("PATH=".length) ?? usualPath).split(":");
    return folders
      .map((folder) => `${folder === "" ? "." : folder}/${file}`)
      .find((path) => this.#isFile(path));
  }

  #isFile(path: string): boolean {
    const { call, machine } = this.#parts;
    const status = new Uint8Array(256);
    if (call("statx", AT_FDCWD, cString(path), 0, STATX_TYPE, status) < 0) return false;
    const mode = new DataView(status.buffer).getUint16(0x1c, machine.isLittleEndian);
    return (mode & S_IFMT) === S_IFREG;
  }

  /** A table of pointers to texts, as execve(2) takes it. The texts are kept with it. */
  #pointers(texts: readonly string[]): {
    readonly table: Uint8Array;
    readonly kept: readonly Uint8Array[];
  } {
    const { machine, addressOf } = this.#parts;
    const { pointerSize, isLittleEndian } = machine;
    const kept = texts.map(cString);
    const table = new Uint8Array((texts.length + 1) * pointerSize);
    const view = new DataView(table.buffer);
    for (const [index, text] of kept.entries()) {
      const address = addressOf(text);
      if (pointerSize === 8) view.setBigUint64(index * 8, address, isLittleEndian);
      else view.setUint32(index * 4, Number(address), isLittleEndian);
    }
    return { table, kept };
  }
}

class Program implements StartedProgram {
  pid = 0;
  readonly #parts: Parts;
  readonly #receiver: ProgramReceiver;
  readonly #watches = new Map<number, Watch>();
  #status: number | undefined;

  constructor(
    parts: Parts,
    receiver: ProgramReceiver,
    pipes: Readonly<Record<"output" | "errors", number>>,
  ) {
    this.#parts = parts;
    this.#receiver = receiver;
    for (const from of ["output", "errors"] as const) {
      const fd = pipes[from];
      const watch = parts.watch(fd, () => {
        this.#read(from, fd);
      });
      this.#watches.set(fd, watch);
    }
  }

  pause(): void {
    for (const watch of this.#watches.values()) watch.pause();
  }

  resume(): void {
    for (const watch of this.#watches.values()) watch.resume();
  }

  signal(name: "SIGTERM" | "SIGKILL" | "SIGCONT"): void {
    if (this.#status !== undefined) return;
    this.#parts.call("kill", -this.pid, this.#parts.children.signals.numberOf(name));
  }

  /** Hears how it ended, as wait4(2) says it. */
  setStatus(status: number): void {
    this.#status = status;
    this.#endWhenDone();
  }

  close(): void {
    for (const fd of [...this.#watches.keys()]) this.#close(fd);
  }

  #read(from: "output" | "errors", fd: number): void {
    const bytes = new Uint8Array(readSizeBytes);
    const count = this.#parts.call("read", fd, bytes, bytes.length);
    if (count > 0) {
      this.#receiver.onOutput(from, bytes.subarray(0, count));
      return;
    }
    this.#close(fd);
    this.#endWhenDone();
  }

  #close(fd: number): void {
    this.#watches.get(fd)?.close();
    this.#watches.delete(fd);
    this.#parts.call("close", fd);
  }

  #endWhenDone(): void {
    if (this.#status === undefined || this.#watches.size > 0) return;
    const signal = this.#status & 0x7f;
    this.#receiver.onEnd({
      code: (this.#status >> 8) & 0xff,
      signal: signal === 0 ? "" : (signalNames[signal] ?? `signal ${signal}`),
    });
  }
}

function cString(text: string): Uint8Array {
  return encodeUtf8(`${text}\0`);
}
