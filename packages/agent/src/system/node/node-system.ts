import { writeSync } from "node:fs";
import { endianness } from "node:os";
import { type Machine, type System, type Timer, type Watch } from "../system.js";
import { UnsupportedPlatformError } from "../unsupported-platform-error.js";
import { type Koffi, loadKoffi } from "./koffi-binding.js";
import { createMapMemory } from "./memory-mapping.js";
import { createSyscall } from "./native-calls.js";
import { startProgram } from "./start-program.js";

/** Node's names for processors that the agent knows, with the size of a pointer of such a process. */
const pointerSizes = {
  x64: 8,
  arm64: 8,
  arm: 4,
  ia32: 4,
  riscv64: 8,
  mips: 4,
  mipsel: 4,
  ppc64: 8,
  s390x: 8,
  loong64: 8,
} as const satisfies Record<Machine["architecture"], 4 | 8>;

/** The machine as seen through koffi. Throws UnsupportedPlatformError where koffi cannot run. */
export function createNodeSystem(): System {
  const koffi = loadKoffi();
  return {
    machine: describeMachine(),
    syscall: createSyscall(koffi),
    addressOf: (bytes) => koffi.address(bytes),
    map: createMapMemory(koffi),
    watch: createWatch(koffi),
    closeInBackground: createCloseInBackground(koffi),
    after(milliseconds, callback): Timer {
      const timer = setTimeout(callback, milliseconds);
      return {
        cancel: () => {
          clearTimeout(timer);
        },
      };
    },
    now: () => performance.now(),
    log: writeLogLine,
    startProgram,
  };
}

function describeMachine(): Machine {
  const architecture = requireArchitecture(process.arch);
  return {
    architecture,
    isLittleEndian: endianness() === "LE",
    pointerSize: pointerSizes[architecture],
  };
}

function requireArchitecture(name: string): Machine["architecture"] {
  if (Object.hasOwn(pointerSizes, name)) return name as Machine["architecture"];
  throw new UnsupportedPlatformError(`the agent does not know the processor ${name}`);
}

/** koffi closes a poll handle when it is garbage collected, so each is kept here until it is closed. */
const openHandles = new Set<object>();

function createWatch(koffi: Koffi): System["watch"] {
  return (fd, onReadable): Watch => {
    const interest = { readable: true };
    const handle = koffi.node.poll(fd, interest, onReadable);
    openHandles.add(handle);
    let state: "watching" | "paused" | "closed" = "watching";
    return {
      pause(): void {
        if (state !== "watching") return;
        state = "paused";
        handle.stop();
      },
      resume(): void {
        if (state !== "paused") return;
        state = "watching";
        handle.start(interest, onReadable);
      },
      close(): void {
        if (state === "closed") return;
        state = "closed";
        handle.close();
        openHandles.delete(handle);
      },
    };
  };
}

function createCloseInBackground(koffi: Koffi): System["closeInBackground"] {
  const close = koffi.load(null).func("close", "int", ["int"]);
  return async (fds) => {
    for (const fd of fds) {
      // What close(2) answers is of no use: whatever it says, Linux has let go of the descriptor.
      await new Promise<void>((resolve) => {
        close.async(fd, () => {
          resolve();
        });
      });
    }
  };
}

/** At once, and past Node's streams: a line about a fault must get out even when the process is about to end. */
function writeLogLine(line: string): void {
  try {
    writeSync(2, `${line}\n`);
  } catch {
    // Nobody reads standard error any more (EPIPE), or its reader is behind (EAGAIN): there is no other place to say so.
  }
}
