import { encodeUtf8, lazily } from "@sonde/protocol";
import { type CallByName, Epoll } from "../epoll.js";
import { syscallNumbers } from "../syscall-numbers.js";
import { type Machine, type NativeMapping, type System } from "../system.js";
import { UnsupportedPlatformError } from "../unsupported-platform-error.js";
import { ChildProcesses } from "./child-processes.js";
import { EventLoop } from "./event-loop.js";
import { type Native } from "./native.js";
import { ProgramStarter } from "./program-starter.js";
import { SignalDescriptor } from "./signal-descriptor.js";

/** include/uapi/asm-generic/mman-common.h, include/uapi/linux/mman.h: the same on every architecture. */
const PROT_READ = 1;
const PROT_WRITE = 2;
const MAP_SHARED = 1;
/** include/uapi/linux/time.h */
const CLOCK_MONOTONIC = 1;
const standardError = 2;

/** The machine as the micro agent sees it, with what only its program uses. */
export interface MicroSystem extends System {
  /** Signals come through it, and not otherwise. */
  readonly signals: SignalDescriptor;
  readonly children: ChildProcesses;
  /**
   * Starts this program once more, with other arguments, in a session of its own and with a descriptor for all that it says:
   * its pid, or the negated errno. `onExit` hears its exit code, -1 after a signal.
   */
  startAgain(args: readonly string[], output: number, onExit: (code: number) => void): number;
  /** Ends the process. */
  exit(code: number): never;
}

/** The machine as seen through the native layer, whose loop runs from here on. Throws UnsupportedPlatformError. */
export function createMicroSystem(native: Native): MicroSystem {
  const machine = describeMachine(native);
  const numbers = syscallNumbers[machine.architecture];
  const call: CallByName = (name, ...args) => native.syscall(numbers[name], ...args);
  const now = createClock(call, machine);
  const loop = new EventLoop(new Epoll(call, machine), now);
  native.setTick(() => {
    loop.tick();
  });
  const watch = loop.watch.bind(loop);
  const signals = new SignalDescriptor(call, machine, watch);
  const children = new ChildProcesses(call, machine, signals);
  const starter = lazily(
    () =>
      new ProgramStarter({
        call,
        machine,
        children,
        watch,
        addressOf: (bytes) => native.addressOf(bytes),
      }),
  );
  return {
    machine,
    signals,
    children,
    syscall: (number, ...args) => native.syscall(number, ...args),
    addressOf: (bytes) => native.addressOf(bytes),
    map({ fd, offset, lengthBytes, isWritable }): NativeMapping | number {
      const protection = isWritable ? PROT_READ | PROT_WRITE : PROT_READ;
      const buffer = native.map(lengthBytes, protection, MAP_SHARED, fd, offset);
      if (typeof buffer === "number") return buffer;
      return {
        bytes: new Uint8Array(buffer),
        close: () => {
          native.unmap(buffer);
        },
      };
    },
    watch,
    async closeInBackground(fds): Promise<void> {
      if (fds.length === 0) return;
      const isDone = await children.run(() => {
        for (const fd of fds) call("close", fd);
      });
      if (isDone) return;
      for (const fd of fds) call("close", fd);
    },
    startAgain: (args, output, onExit) => starter().startAgain(args, output, onExit),
    startProgram: (argv, receiver) => starter().start(argv, receiver),
    after: loop.after.bind(loop),
    now,
    log(line): void {
      const bytes = encodeUtf8(`${line}\n`);
      // Nobody may read it (EPIPE), or its reader be behind (EAGAIN): there is no other place to say so.
      call("write", standardError, bytes, bytes.length);
    },
    exit(code): never {
      for (;;) call("exit_group", code);
    },
  };
}

function describeMachine(native: Native): Machine {
  const { architecture, pointerSize } = native;
  const isLittleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;
  if (!Object.hasOwn(syscallNumbers, architecture) || (pointerSize !== 4 && pointerSize !== 8)) {
    throw new UnsupportedPlatformError(`the agent does not know the processor ${architecture}`);
  }
  // The table of numbers has all of them and no others.
  return { architecture: architecture as Machine["architecture"], isLittleEndian, pointerSize };
}

/** Milliseconds of CLOCK_MONOTONIC. */
function createClock(call: CallByName, { pointerSize, isLittleEndian }: Machine): () => number {
  // struct timespec: two longs; since boot, also 32 bits of seconds are enough.
  const timespec = new Uint8Array(2 * pointerSize);
  const view = new DataView(timespec.buffer);
  const low = isLittleEndian || pointerSize === 4 ? 0 : 4;
  return () => {
    call("clock_gettime", CLOCK_MONOTONIC, timespec);
    const seconds = view.getUint32(low, isLittleEndian);
    const nanoseconds = view.getUint32(pointerSize + low, isLittleEndian);
    return seconds * 1000 + nanoseconds / 1_000_000;
  };
}
