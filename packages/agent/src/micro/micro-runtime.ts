import { encodeUtf8 } from "@sonde/protocol";
import { readLink } from "../kernel/files.js";
import { Kernel } from "../kernel/kernel.js";
import { readRandomBytes } from "../kernel/random-bytes.js";
import { ListenError } from "../listeners/listener-error.js";
import { serveStdio } from "../listeners/micro/stdio-listener.js";
import { listenOnTcp } from "../listeners/micro/tcp-listener.js";
import { listenOnUnix } from "../listeners/micro/unix-listener.js";
import { type Runtime } from "../program/runtime.js";
import { UsageError } from "../program/usage-error.js";
import { type MicroSystem } from "../system/micro/micro-system.js";
import { connectToAgent } from "./connect.js";
import { listenOnRelay } from "./relay-listener.js";

const descriptors = { output: 1, errors: 2 } as const;
const standardInput = 0;

/** include/uapi/asm-generic/ioctls.h; arch/{mips,powerpc}/include/uapi/asm/ioctls.h. Terminals alone have a window. */
const TIOCGWINSZ = 0x5413;
const otherTIOCGWINSZ = 0x4008_7468;

const noTls = "TLS is not in the micro agent, only in Node's";

/** The agent that needs nothing but a kernel. */
export function createMicroRuntime(system: MicroSystem): Runtime {
  const kernel = new Kernel(system);
  return {
    createSystem: () => system,
    workingFolder: () => readLink(kernel, "/proc/self/cwd"),
    get hasTerminal(): boolean {
      const isOther = ["mips", "mipsel", "ppc64"].includes(system.machine.architecture);
      const request = isOther ? otherTIOCGWINSZ : TIOCGWINSZ;
      return kernel.call("ioctl", standardInput, request, new Uint8Array(8)) >= 0;
    },
    randomBytes: (length) => readRandomBytes(kernel, length),
    print(stream, text): void {
      const bytes = encodeUtf8(text);
      for (let done = 0; done < bytes.length;) {
        const rest = bytes.subarray(done);
        const result = kernel.call("write", descriptors[stream], rest, rest.length);
        // Whoever should have read it (`sonde-agent --help | head -1`) has gone.
        if (result < 0 && !kernel.isErrno(result, "EINTR")) return;
        done += Math.max(result, 0);
      }
    },
    onEndSignal({ ignoresInterrupt }, callback): void {
      system.signals.on("SIGTERM", callback);
      system.signals.on("SIGHUP", callback);
      if (!ignoresInterrupt) system.signals.on("SIGINT", callback);
    },
    connect: (command) => connectToAgent(system, kernel, command),
    readPin: () => {
      throw new UsageError(`pin: ${noTls}`);
    },
    listenOnTcp: (_system, { tls, ...options }) => {
      if (tls === undefined) return listenOnTcp(system, options);
      const hint = "use --key-file, and ssh or a tunnel where what is traced is secret";
      throw new ListenError(`listen on wss://${options.host}: ${noTls}`, { hint });
    },
    listenOnUnix,
    listenOnRelay,
    serveStdio,
  };
}
