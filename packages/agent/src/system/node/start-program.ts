import { spawn } from "node:child_process";
import { type ProgramReceiver, StartError, type StartedProgram } from "../system.js";

/** Starts a program in a process group of its own. Throws StartError. */
export function startProgram(argv: readonly string[], receiver: ProgramReceiver): StartedProgram {
  const [file = "", ...args] = argv;
  const child = spawn(file, args, { stdio: ["ignore", "pipe", "pipe"], detached: true });
  const { pid, stdout, stderr } = child;
  // What cannot be started is known at once: fork and exec are done within the call. The event says the same once more.
  child.on("error", () => undefined);
  if (pid === undefined) throw new StartError(`start ${file}: it is not there, or no program`);
  let hasEnded = false;
  stdout.on("data", (bytes: Uint8Array) => {
    receiver.onOutput("output", bytes);
  });
  stderr.on("data", (bytes: Uint8Array) => {
    receiver.onOutput("errors", bytes);
  });
  child.once("exit", () => {
    hasEnded = true;
  });
  child.once("close", (code, signal) => {
    receiver.onEnd({ code: code ?? 0, signal: signal ?? "" });
  });
  return {
    pid,
    pause(): void {
      stdout.pause();
      stderr.pause();
    },
    resume(): void {
      stdout.resume();
      stderr.resume();
    },
    signal(name): void {
      if (hasEnded) return;
      try {
        process.kill(-pid, name);
      } catch {
        // ESRCH: the group has just ended.
      }
    },
  };
}
